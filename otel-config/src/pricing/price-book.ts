import type { UnitPrices } from "./unit-prices.ts";

/** Where unit prices come from. */
export interface PriceBook {
  /** Stored with every priced row. */
  readonly version: string;
  /**
   * The prices of `model` at `provider` (any spelling of gen_ai.provider.name; undefined when the span
   * does not say) at the time of the call. Undefined when the book does not know: never 0, never a guess.
   * The answer holds for the period it names, so a caller may keep it until then.
   */
  resolve(provider: string | undefined, model: string, at: Date): UnitPrices | undefined;
}
