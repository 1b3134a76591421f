import type { PriceCalculationResult, Usage } from "@pydantic/genai-prices";
import { priceCall, priceCallNumber } from "../../src/pricing/price-call.ts";
import type { UnitPrices } from "../../src/pricing/unit-prices.ts";
import type { NormalUsage } from "../../src/usage/usage.ts";

/** Our normal form in the library's names. Overlaps of parts are zero: our parts are disjoint. */
export function libraryUsage(usage: NormalUsage): Usage {
  return {
    input_tokens: usage.input,
    output_tokens: usage.output,
    cache_read_tokens: usage.cacheRead,
    cache_write_tokens: (usage.cacheWrite5m ?? 0) + (usage.cacheWrite1h ?? 0),
    cache_write_1h_tokens: usage.cacheWrite1h,
    input_audio_tokens: usage.audioInput,
    input_image_tokens: usage.imageInput,
    output_reasoning_tokens: usage.reasoning,
    output_audio_tokens: usage.audioOutput,
    output_image_tokens: usage.imageOutput,
    web_searches: usage.webSearches,
    cache_audio_read_tokens: 0,
    cache_image_read_tokens: 0,
    cache_audio_write_tokens: 0,
    cache_image_write_tokens: 0,
    output_audio_reasoning_tokens: 0,
    output_image_reasoning_tokens: 0,
  };
}

export interface Comparison {
  readonly usage: NormalUsage;
  readonly prices: UnitPrices | undefined;
  readonly oracle: PriceCalculationResult;
}

/** Ten additions and products of doubles, each off by at most 2^-53 of the result. */
const RELATIVE_ERROR = 1e-14;

/** Half a pico-USD per token, in nano-USD: the rounding of a price that is not whole in pico-USD. */
const PRICE_ROUNDING_NANO = 0.0005;

/**
 * What is wrong with our price, in words; undefined when it is the library's, rounded to a whole nano-USD:
 * off by at most one half, the error of the library's doubles, and the rounding of a price that has no end
 * in decimal. Where ours is unknown, the library took tokens without a price for free, or output of
 * unknown kind for text.
 */
export function differenceToLibrary({ usage, prices, oracle }: Comparison): string | undefined {
  if (prices === undefined || oracle === null) {
    return (prices === undefined) === (oracle === null) ? undefined : "known to one side only";
  }
  const what = `${oracle.provider.id} ${oracle.model.id} ${JSON.stringify(usage)}`;
  const ours = priceCall(usage, prices);
  if (priceCallNumber(usage, prices) !== (ours === undefined ? undefined : Number(ours))) {
    return `${what}: priceCallNumber differs from priceCall`;
  }
  if ((ours === undefined) !== isUnknownToUs(usage, prices)) return `${what}: our price is ${ours}`;
  if (ours === undefined) return undefined;
  const nano = oracle.total_price * 1e9;
  const isRounded = [prices.base, ...prices.tiers].some(({ input, cacheWrite5m }) =>
    [input, cacheWrite5m].includes(83_333),
  );
  const tokens = (usage.input ?? 0) + (usage.output ?? 0);
  const bound = 0.5 + nano * RELATIVE_ERROR + (isRounded ? tokens * PRICE_ROUNDING_NANO : 0);
  return Math.abs(Number(ours) - nano) <= bound
    ? undefined
    : `${what}: ${ours} is not ${nano} within ${bound}`;
}

/** The rule in other words than the code's. */
function isUnknownToUs(usage: NormalUsage, prices: UnitPrices): boolean {
  const { input, output } = prices.base;
  const hasNoTokenPrice = input === undefined && output === undefined;
  const hasNoCount = usage.input === undefined && usage.output === undefined;
  return (
    hasNoTokenPrice ||
    hasNoCount ||
    hasOutputOfUnknownKind(usage, prices) ||
    lacksPriceOrCount(usage.webSearches ?? 0, prices.perWebSearchPicoUsd) ||
    lacksPriceOrCount(usage.input, input) ||
    lacksPriceOrCount(usage.output, output)
  );
}

function hasOutputOfUnknownKind({ output, imageOutput }: NormalUsage, prices: UnitPrices): boolean {
  const mayBeImages = prices.hasImageOutputPrice && imageOutput === undefined;
  return output !== 0 && (prices.hasUncountedOutput || mayBeImages);
}

function lacksPriceOrCount(tokens: number | undefined, price: number | undefined): boolean {
  return tokens === undefined ? (price ?? 0) > 0 : tokens > 0 && price === undefined;
}
