import type { PriceTier, UnitPrices } from "./unit-prices.ts";
import { unitPricesOf } from "./unit-prices.ts";
import type { BookPrices } from "./unit-prices.ts";

/** One unit for which two lists say different prices. */
export interface PriceDifference {
  /** The price's name, with the threshold of its tier: "input_mtok", "input_mtok > 200000". */
  readonly unit: string;
  /** Pico-USD (1e-12 USD) per token, search or request; undefined when the list has no price for it. */
  readonly oursPico: number | undefined;
  readonly theirsPico: number | undefined;
  /** Whether a list says it, or it follows from another price (cache reads without a price cost input). */
  readonly isNamedByUs: boolean;
  readonly isNamedByThem: boolean;
}

const UNITS: readonly (readonly [name: string, part: keyof PriceTier])[] = [
  ["input_mtok", "input"],
  ["cache_read_mtok", "cacheRead"],
  ["cache_write_mtok", "cacheWrite5m"],
  ["cache_write_1h_mtok", "cacheWrite1h"],
  ["input_audio_mtok", "audioInput"],
  ["input_image_mtok", "imageInput"],
  ["output_mtok", "output"],
  ["output_reasoning_mtok", "reasoning"],
  ["output_audio_mtok", "audioOutput"],
  ["output_image_mtok", "imageOutput"],
];

/**
 * Where two lists would charge the same call differently: per unit that at least one of them names, at
 * the start of every tier of either. A price that one list leaves out is compared as it is charged then.
 */
export function comparePrices(ours: BookPrices, theirs: BookPrices): PriceDifference[] {
  const [our, their] = [unitPricesOf(ours), unitPricesOf(theirs)];
  const starts = [our, their].flatMap(({ tiers }) => tiers.map((tier) => tier.aboveInputTokens));
  const found: PriceDifference[] = [];
  const compare = (
    name: string,
    unit: string,
    [oursPico, theirsPico]: readonly (number | undefined)[],
  ): void => {
    const isNamedByUs = ours[name] !== undefined;
    const isNamedByThem = theirs[name] !== undefined;
    if (oursPico === theirsPico || !(isNamedByUs || isNamedByThem)) return;
    found.push({ unit, oursPico, theirsPico, isNamedByUs, isNamedByThem });
  };
  for (const above of [undefined, ...new Set(starts.toSorted((a, b) => a - b))]) {
    const [ourTier, theirTier] = [tierAbove(our, above), tierAbove(their, above)];
    for (const [name, part] of UNITS) {
      const unit = above === undefined ? name : `${name} > ${above}`;
      compare(name, unit, [ourTier[part], theirTier[part]]);
    }
  }
  const search = [our.perWebSearchPicoUsd, their.perWebSearchPicoUsd];
  compare("web_searches_kcount", "web_searches_kcount", search);
  const request = [our.perRequestPicoUsd, their.perRequestPicoUsd];
  compare("requests_kcount", "requests_kcount", request);
  return found;
}

/** The prices just above a threshold. */
function tierAbove(prices: UnitPrices, above: number | undefined): PriceTier {
  if (above === undefined) return prices.base;
  return prices.tiers.findLast((tier) => tier.aboveInputTokens <= above) ?? prices.base;
}
