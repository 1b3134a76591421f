import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import type { UnitPrices } from "@lensai/otel-config/pricing/unit-prices";

/** Prices change with the time of day at the finest on quarters of an hour. */
const BUCKET_MICROS = 15 * 60 * 1_000_000;
/** Distinct (provider, model) pairs remembered; beyond it the cache starts over. */
const ENTRIES_MAX = 10_000;

interface Entry {
  bucket: number;
  prices: UnitPrices | undefined;
}

/** Resolved unit prices of the last quarter of an hour asked for, per provider and model. */
export class PriceCache {
  private readonly book: PriceBook;
  private readonly byProvider = new Map<string, Map<string, Entry>>();
  private count = 0;

  constructor(book: PriceBook) {
    this.book = book;
  }

  resolve(
    provider: string | undefined,
    model: string,
    startMicros: number,
  ): UnitPrices | undefined {
    const bucket = Math.floor(startMicros / BUCKET_MICROS);
    const models = this.modelsOf(provider ?? "");
    const entry = models.get(model);
    if (entry !== undefined && entry.bucket === bucket) return entry.prices;
    const prices = this.book.resolve(provider, model, new Date(startMicros / 1000));
    if (entry === undefined) this.add(models, model, { bucket, prices });
    else {
      entry.bucket = bucket;
      entry.prices = prices;
    }
    return prices;
  }

  private modelsOf(provider: string): Map<string, Entry> {
    const known = this.byProvider.get(provider);
    if (known !== undefined) return known;
    const models = new Map<string, Entry>();
    this.byProvider.set(provider, models);
    return models;
  }

  private add(models: Map<string, Entry>, model: string, entry: Entry): void {
    if (this.count === ENTRIES_MAX) {
      this.byProvider.clear();
      this.count = 0;
      return;
    }
    this.count += 1;
    models.set(model, entry);
  }
}
