import type { PriceChange, PriceEntry } from "./price-layer.ts";
import type { BookPrices } from "./unit-prices.ts";

/** A second public list (MIT), as of 2026-07-24, for what providers' pages show only in a browser. */
export const LITELLM_LIST =
  "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json";

/** When the pages named in the published layers were last read. */
const RECORDED_AT = new Date("2026-11-24T00:00:00Z");

export type PublishedFields = Pick<PriceEntry, "provider" | "model" | "match" | "source"> &
  Partial<Pick<PriceEntry, "serviceTier" | "validFrom">>;

/** An entry of a layer that is part of the program: for all projects, by what its source says. */
export function publishedEntry(fields: PublishedFields, change: PriceChange): PriceEntry {
  return {
    projectId: undefined,
    serviceTier: "standard",
    validFrom: undefined,
    validUntil: undefined,
    recordedAt: RECORDED_AT,
    recordedBy: "lensai",
    ...fields,
    change,
  };
}

export const ownPrices = (prices: BookPrices): PriceChange => ({ kind: "prices", prices });

/** The prices named in `except` stay. */
export const times = (multiplier: string, except: readonly string[] = []): PriceChange => ({
  kind: "multiplier",
  multiplier,
  except,
});
