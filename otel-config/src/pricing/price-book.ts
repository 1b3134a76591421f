import type { PriceEntry } from "./price-layer.ts";
import type { BookPrices, UnitPrices } from "./unit-prices.ts";

/** One call, as far as its price depends on it. */
export interface PriceQuery {
  /** Any spelling of gen_ai.provider.name; undefined when the span does not say. */
  readonly provider: string | undefined;
  readonly model: string;
  /** When the call was made. */
  readonly at: Date;
  /** Whose negotiated prices count; without it only those of all projects do. */
  readonly projectId?: string | undefined;
  /** As the provider names it ("batch", "default"); undefined is the standard tier. */
  readonly serviceTier?: string | undefined;
  /**
   * What was believed at that moment: overrides recorded later are left out. The published list is always
   * the one of this version; an older one is in the row's price version.
   */
  readonly recordedUntil?: Date | undefined;
}

/** What is missing when there is no price: the provider, the model, or only the model's price in this tier. */
export type PriceGap = "provider" | "model" | "service_tier";

/** An override that had a part in a price, and the layer it is in. */
export interface AppliedOverride {
  readonly layer: string;
  readonly entry: PriceEntry;
}

export interface PriceAnswer {
  /** Undefined when the book does not know: never 0, never a guess. */
  readonly prices: UnitPrices | undefined;
  /** The same as the list and the overrides put it, by name, without what follows from it. */
  readonly named: BookPrices | undefined;
  /** Undefined when there are prices. */
  readonly gap: PriceGap | undefined;
  /** The same question has this answer from here (milliseconds since the epoch; may be -Infinity) */
  readonly validFromMs: number;
  /** ... to here (exclusive; may be Infinity). */
  readonly validUntilMs: number;
  /** In the order in which they changed the price; none when it is the list price. */
  readonly overrides: readonly AppliedOverride[];
}

/** Where unit prices come from. */
export interface PriceBook {
  /** Stored with every priced row: names the list and the state of every layer over it. */
  readonly version: string;
  resolve(query: PriceQuery): PriceAnswer;
}
