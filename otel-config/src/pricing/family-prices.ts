import { findProvider } from "@pydantic/genai-prices";
import { bookProviderId } from "./base-book.ts";
import type { PriceBook, PriceQuery } from "./price-book.ts";
import { canonicalProvider } from "./provider-names.ts";
import type { PriceTier, UnitPrices } from "./unit-prices.ts";

/** What a model's name begins with: "gpt-9-turbo" is of the family "gpt", "claude-opus-9" of "claude". */
const FAMILY = /^[a-z]+/;

/**
 * The dearest prices of a model's family at its provider, part by part, for a model that the book does not
 * know: an upper bound for as long as new models cost no more than the dearest of those before them. Without a
 * family, those of all models of the provider; undefined for a provider that the book does not know. Asks for
 * every model of the family: milliseconds.
 */
export function familyMaxPrices(book: PriceBook, query: PriceQuery): UnitPrices | undefined {
  const providerId =
    query.provider === undefined ? undefined : bookProviderId(canonicalProvider(query.provider));
  const models = providerId === undefined ? undefined : findProvider({ providerId })?.models;
  if (models === undefined) return undefined;
  const family = familyOf(query.model);
  const names = models.map(({ id }) => id);
  const relatives = names.filter((name) => familyOf(name) === family);
  const { serviceTier: _, ...standard } = query;
  const known = (relatives.length > 0 ? relatives : names).flatMap((model) => {
    const { prices } = book.resolve({ ...standard, model });
    return prices === undefined ? [] : [prices];
  });
  return known.length === 0 ? undefined : dearest(known);
}

function familyOf(model: string): string | undefined {
  return FAMILY.exec(model.toLowerCase().replace(/^.*[./]/, ""))?.[0];
}

function dearest(prices: readonly UnitPrices[]): UnitPrices {
  const tiers = prices.flatMap(({ base, tiers: above }) => [base, ...above]);
  const max = (part: keyof PriceTier): number | undefined => {
    const known = tiers.map((tier) => tier[part]).filter((price) => price !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  };
  const searches = prices.flatMap(({ perWebSearchPicoUsd: price }) => price ?? []);
  return {
    base: {
      aboveInputTokens: -1,
      input: max("input"),
      cacheRead: max("cacheRead"),
      cacheWrite5m: max("cacheWrite5m"),
      cacheWrite1h: max("cacheWrite1h"),
      audioInput: max("audioInput"),
      imageInput: max("imageInput"),
      output: max("output"),
      reasoning: max("reasoning"),
      audioOutput: max("audioOutput"),
      imageOutput: max("imageOutput"),
    },
    tiers: [],
    perRequestPicoUsd: Math.max(...prices.map(({ perRequestPicoUsd: price }) => price)),
    perWebSearchPicoUsd: searches.length === 0 ? undefined : Math.max(...searches),
    fees: {},
    uncounted: [],
    hasImageOutputPrice: false,
    hasUncountedOutput: false,
  };
}
