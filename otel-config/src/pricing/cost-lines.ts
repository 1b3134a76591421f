import type { NormalUsage } from "../usage/usage.ts";
import type { PriceTier, UnitPrices } from "./unit-prices.ts";

/** A part of a call that has a price of its own. */
export type CostPart =
  | "input_uncached"
  | "cache_read"
  | "cache_write_5m"
  | "cache_write_1h"
  | "audio_input"
  | "image_input"
  | "output_text"
  | "reasoning"
  | "audio_output"
  | "image_output"
  | "web_search"
  | "request";

/** quantity x unit price: one line of the arithmetic of a call. */
export interface CostLine {
  readonly part: CostPart;
  /** Tokens, searches or requests. */
  readonly quantity: number;
  /** Pico-USD (1e-12 USD) for one; undefined when the book has no price for it. */
  readonly picoUsdEach: number | undefined;
}

/**
 * What a call is made of, with the price of each part, in the order of a bill. Parts that were not counted
 * or counted as 0 are left out. The sum of the products, rounded half up to nano-USD, is the cost, as far
 * as `priceCall` gives one.
 */
export function costLines(usage: NormalUsage, prices: UnitPrices): CostLine[] {
  const tier = tierOf(usage, prices);
  const perRequest = prices.perRequestPicoUsd === 0 ? 0 : 1;
  const lines: readonly (readonly [CostPart, number | undefined, number | undefined])[] = [
    ["input_uncached", usage.inputUncached, tier.input],
    ["cache_read", usage.cacheRead, tier.cacheRead],
    ["cache_write_5m", usage.cacheWrite5m, tier.cacheWrite5m],
    ["cache_write_1h", usage.cacheWrite1h, tier.cacheWrite1h],
    ["audio_input", usage.audioInput, tier.audioInput],
    ["image_input", usage.imageInput, tier.imageInput],
    ["output_text", textOutput(usage), tier.output],
    ["reasoning", usage.reasoning, tier.reasoning],
    ["audio_output", usage.audioOutput, tier.audioOutput],
    ["image_output", usage.imageOutput, tier.imageOutput],
    ["web_search", usage.webSearches, prices.perWebSearchPicoUsd],
    ["request", perRequest, prices.perRequestPicoUsd],
  ];
  return lines.flatMap(([part, quantity = 0, picoUsdEach]) =>
    quantity === 0 ? [] : [{ part, quantity, picoUsdEach }],
  );
}

/** The prices that apply to a call of this size. */
export function tierOf(usage: NormalUsage, prices: UnitPrices): PriceTier {
  let tier = prices.base;
  if (prices.tiers.length === 0 || usage.input === undefined) return tier;
  for (const next of prices.tiers) if (usage.input > next.aboveInputTokens) tier = next;
  return tier;
}

/** Output that is neither reasoning nor audio nor images. */
export function textOutput(usage: NormalUsage): number {
  if (usage.output === undefined) return 0;
  return (
    usage.output - (usage.reasoning ?? 0) - (usage.audioOutput ?? 0) - (usage.imageOutput ?? 0)
  );
}
