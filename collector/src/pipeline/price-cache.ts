import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import type { UnitPrices } from "@lensai/otel-config/pricing/unit-prices";

/** Distinct (provider, model) pairs remembered; beyond it the cache starts over. */
const ENTRIES_MAX = 10_000;

/** The prices last resolved per provider and model; they say themselves how long they hold. */
export class PriceCache {
  private readonly book: PriceBook;
  private readonly byProvider = new Map<string, Map<string, UnitPrices | undefined>>();
  private count = 0;

  constructor(book: PriceBook) {
    this.book = book;
  }

  /** Prices at a time; undefined when the book does not know the model. */
  resolve(provider: string | undefined, model: string, atMs: number): UnitPrices | undefined {
    const models = this.modelsOf(provider ?? "");
    const known = models.get(model);
    if (known !== undefined && atMs >= known.validFromMs && atMs < known.validUntilMs) return known;
    // A model without prices has none at any time.
    if (known === undefined && models.has(model)) return undefined;
    const prices = this.book.resolve(provider, model, new Date(atMs));
    if (!models.has(model)) this.count += 1;
    if (this.count > ENTRIES_MAX) {
      this.byProvider.clear();
      this.count = 0;
    } else models.set(model, prices);
    return prices;
  }

  private modelsOf(provider: string): Map<string, UnitPrices | undefined> {
    const known = this.byProvider.get(provider);
    if (known !== undefined) return known;
    const models = new Map<string, UnitPrices | undefined>();
    this.byProvider.set(provider, models);
    return models;
  }
}
