import type { NormalUsage } from "../usage/usage.ts";
import type { UnitPrices } from "./unit-prices.ts";

/**
 * Prices for tokens of many calls at once: the base tier, which no call is cheaper than. What is charged per
 * request is left out: nobody knows how many there were.
 */
export function meteredPrices(prices: UnitPrices): UnitPrices {
  return { ...prices, tiers: [], perRequestPicoUsd: 0 };
}

/** Could a single one of the calls have had another price: a prompt above a tier's limit, a fee per request? */
export function isMeteredPriceSure({ input = 0 }: NormalUsage, prices: UnitPrices): boolean {
  const [tier] = prices.tiers;
  return prices.perRequestPicoUsd === 0 && (tier === undefined || input <= tier.aboveInputTokens);
}
