import { columnIndex } from "@lensai/otel-config/span-row/columns";
import { priceCallNumber } from "@lensai/otel-config/pricing/price-call";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import type { UnitPrices } from "@lensai/otel-config/pricing/unit-prices";
import type { NormalUsage } from "@lensai/otel-config/usage/usage";
import { ColumnValues } from "../decode/column-values.ts";
import type { RecordFields } from "../decode/record-fields.ts";
import { ConstantText } from "../decode/row-sink.ts";
import type { RowSink } from "../decode/row-sink.ts";
import { PriceCache } from "./price-cache.ts";
import type { PriceSubject } from "./price-cache.ts";

const COST_NANO_USD_COLUMN = columnIndex("cost_nano_usd");
const MICROS_PER_MS = 1000;

/** Writes what a record's usage costs. */
export class CallPrice {
  private readonly book: PriceBook;
  private readonly prices: PriceCache;
  private bookVersion: string;
  private priceVersion: ConstantText;
  private readonly subject: PriceSubject = {
    projectId: "",
    provider: undefined,
    serviceTier: undefined,
  };
  private readonly requestModels = new ColumnValues((name) => name);
  private readonly responseModels = new ColumnValues((name) => name);
  private readonly serviceTiers = new ColumnValues((name) => name);

  constructor(book: PriceBook) {
    this.book = book;
    this.prices = new PriceCache(book);
    this.bookVersion = book.version;
    this.priceVersion = new ConstantText("price_version", book.version);
  }

  /** What follows belongs to this project. The book may have changed since the last request. */
  openRequest(projectId: string): void {
    this.subject.projectId = projectId;
    if (this.bookVersion === this.book.version) return;
    this.bookVersion = this.book.version;
    this.priceVersion = new ConstantText("price_version", this.bookVersion);
  }

  /** NULL stays where the counts or the prices are not known. `provider` is the canonical name. */
  write(
    sink: RowSink,
    usage: NormalUsage,
    call: { record: RecordFields; provider: string | undefined },
  ): void {
    const prices = this.pricesOf(call.record, call.provider);
    if (prices === undefined) return;
    const costNano = priceCallNumber(usage, prices);
    if (costNano === undefined) return;
    sink.setInt64(COST_NANO_USD_COLUMN, costNano);
    sink.setConstant(this.priceVersion);
  }

  /** The answering model is priced; where the book does not know its name, the model asked for. */
  private pricesOf(record: RecordFields, provider: string | undefined): UnitPrices | undefined {
    const { responseModel, requestModel, serviceTier, trustedMicros } = record;
    const { subject } = this;
    subject.provider = provider;
    subject.serviceTier = serviceTier.isSet ? this.serviceTiers.get(serviceTier) : undefined;
    const atMs = trustedMicros / MICROS_PER_MS;
    if (responseModel.isSet) {
      const model = this.responseModels.get(responseModel);
      const prices = this.prices.resolve(subject, model, atMs);
      if (prices !== undefined) return prices;
    }
    if (!requestModel.isSet) return undefined;
    return this.prices.resolve(subject, this.requestModels.get(requestModel), atMs);
  }
}
