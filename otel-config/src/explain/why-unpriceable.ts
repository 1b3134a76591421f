import { tierOf } from "../pricing/cost-lines.ts";
import { priceCall } from "../pricing/price-call.ts";
import type { PriceTier, UnitPrices } from "../pricing/unit-prices.ts";
import type { NormalUsage } from "../usage/usage.ts";

/** Why a call has no cost although its model has prices. */
export type CostGap =
  | "no_usage"
  | "no_token_price"
  | "input_not_counted"
  | "no_input_price"
  | "uncounted_output"
  | "image_output_not_counted"
  | "output_not_counted"
  | "no_output_price"
  | "no_search_price"
  | "absurd_cost";

/** Undefined exactly when `priceCall` gives a cost. */
export function whyUnpriceable(usage: NormalUsage, prices: UnitPrices): CostGap | undefined {
  if (priceCall(usage, prices) !== undefined) return undefined;
  const tier = tierOf(usage, prices);
  if (usage.input === undefined && usage.output === undefined) return "no_usage";
  if (tier.input === undefined && tier.output === undefined) return "no_token_price";
  return (
    inputGap(usage, tier) ??
    outputGap(usage, prices, tier) ??
    searchGap(usage, prices) ??
    "absurd_cost"
  );
}

function inputGap(usage: NormalUsage, tier: PriceTier): CostGap | undefined {
  const { input } = usage;
  if (input !== undefined)
    return input > 0 && tier.input === undefined ? "no_input_price" : undefined;
  const { cacheRead, cacheWrite5m, cacheWrite1h, audioInput, imageInput } = usage;
  const isOwed =
    hasCost(tier.input) || isAny(cacheRead, cacheWrite5m, cacheWrite1h, audioInput, imageInput);
  return isOwed ? "input_not_counted" : undefined;
}

function outputGap(
  { output, imageOutput, reasoning, audioOutput }: NormalUsage,
  prices: UnitPrices,
  tier: PriceTier,
): CostGap | undefined {
  if (output === 0) return undefined;
  if (prices.hasUncountedOutput) return "uncounted_output";
  if (prices.hasImageOutputPrice && imageOutput === undefined) return "image_output_not_counted";
  if (output === undefined) {
    const isOwed = hasCost(tier.output) || isAny(reasoning, audioOutput, imageOutput);
    return isOwed ? "output_not_counted" : undefined;
  }
  const isImagesOnly = output === imageOutput && tier.imageOutput !== undefined;
  return tier.output === undefined && !isImagesOnly ? "no_output_price" : undefined;
}

function searchGap({ webSearches = 0 }: NormalUsage, prices: UnitPrices): CostGap | undefined {
  return webSearches > 0 && prices.perWebSearchPicoUsd === undefined
    ? "no_search_price"
    : undefined;
}

const isAny = (...counts: readonly (number | undefined)[]): boolean =>
  counts.some((count = 0) => count > 0);

const hasCost = (price: number | undefined): boolean => price !== undefined && price !== 0;
