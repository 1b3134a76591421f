import { priceCallNumber } from "@lensai/otel-config/pricing/price-call";
import type { PriceTier, UnitPrices } from "@lensai/otel-config/pricing/unit-prices";
import { createNormalUsage } from "@lensai/otel-config/usage/usage";
import type { NormalUsage } from "@lensai/otel-config/usage/usage";
import type { RequestSize } from "./request-size.ts";

/** What the output of a call counts as; the dearest kind that it may put out. */
type OutputPart = "output" | "reasoning" | "audioOutput" | "imageOutput";

/** What a call of this size costs at these prices, by how much it puts out. Priced as it will be settled. */
export class Quote {
  readonly #size: RequestSize;
  readonly #usage: NormalUsage;
  readonly #prices: UnitPrices;
  readonly #outputPart: OutputPart;
  readonly #choices: number;

  constructor(size: RequestSize, prices: UnitPrices) {
    this.#size = size;
    this.#prices = prices;
    this.#choices = size.choices;
    this.#usage = usageOf(size, prices);
    this.#outputPart = dearestOutput(size, prices.base);
  }

  /** The same call, with this share of its input: a size is an upper bound. */
  withInputShare(share: number): Quote {
    const { textTokens, imageTokens, audioTokens } = this.#size;
    const size = {
      ...this.#size,
      textTokens: Math.ceil(textTokens * share),
      imageTokens: Math.ceil(imageTokens * share),
      audioTokens: Math.ceil(audioTokens * share),
    };
    return new Quote(size, this.#prices);
  }

  /** Nano-USD, with this many tokens in each answer; undefined when the book cannot price such a call. */
  costNano(outputTokensEach: number): number | undefined {
    return this.#price(outputTokensEach * this.#choices);
  }

  /** The same with what all answers together have put out so far. */
  costSoFarNano(outputTokens: number): number | undefined {
    return this.#price(outputTokens);
  }

  /** The most tokens per answer that the call may put out and not cost more; undefined when not even 1. */
  outputTokensFor(amountNano: number): number | undefined {
    const none = this.costNano(0);
    const some = this.costNano(SAMPLE_TOKENS);
    if (none === undefined || some === undefined) return undefined;
    const each = (some - none) / SAMPLE_TOKENS;
    if (each <= 0) return undefined;
    let tokens = Math.floor((amountNano - none) / each);
    // Rounding to whole nano-USD can cost the last token.
    while (tokens >= 1 && (this.costNano(tokens) ?? Infinity) > amountNano) tokens -= 1;
    return tokens >= 1 ? tokens : undefined;
  }

  #price(outputTokens: number): number | undefined {
    const usage = this.#usage;
    usage.output = outputTokens;
    if (this.#outputPart !== "output") usage[this.#outputPart] = outputTokens;
    return priceCallNumber(usage, this.#prices);
  }
}

/** Enough that the price of one token is exact to a millionth. */
const SAMPLE_TOKENS = 1_000_000;

function usageOf(size: RequestSize, prices: UnitPrices): NormalUsage {
  const usage = createNormalUsage();
  const { textTokens, imageTokens, audioTokens, cacheWrite, webSearches } = size;
  usage.input = textTokens + imageTokens + audioTokens;
  usage.imageInput = imageTokens;
  usage.audioInput = audioTokens;
  // All of it may be new to the cache.
  if (cacheWrite === "1h") usage.cacheWrite1h = textTokens;
  else if (cacheWrite === "5m") usage.cacheWrite5m = textTokens;
  else usage.inputUncached = textTokens;
  if (prices.perWebSearchPicoUsd !== undefined) usage.webSearches = webSearches;
  // Images in the output have a price of their own and must be counted.
  if (prices.hasImageOutputPrice) usage.imageOutput = 0;
  return usage;
}

function dearestOutput(
  { putsOutAudio, putsOutImages }: RequestSize,
  { output = 0, reasoning = 0, audioOutput = 0, imageOutput = 0 }: PriceTier,
): OutputPart {
  const kinds: readonly (readonly [OutputPart, number])[] = [
    ["output", output],
    ["reasoning", reasoning],
    ["audioOutput", putsOutAudio ? audioOutput : 0],
    ["imageOutput", putsOutImages ? imageOutput : 0],
  ];
  return kinds.reduce((best, kind) => (kind[1] > best[1] ? kind : best))[0];
}
