import type { PriceAnswer, PriceBook } from "../pricing/price-book.ts";
import type { SpanRow } from "../span-row/span-row.ts";
import { bigintOf, textOf } from "./row-values.ts";

/** What the book says about the call that a row records. */
export interface RowPrices {
  /** The name that was looked up. */
  readonly model: string;
  /** Which of the two names of a row it is. */
  readonly column: "response_model" | "request_model";
  readonly answer: PriceAnswer;
}

const MICROS_PER_MS = 1000n;

/**
 * The answering model's entry; where the book does not know its name, that of the model asked for.
 * Undefined when the row names no model. `recordedUntil`: as it was believed at that moment.
 */
export function rowPrices(
  row: SpanRow,
  book: PriceBook,
  recordedUntil?: Date,
): RowPrices | undefined {
  const known = rowPricesOf(row, book, recordedUntil);
  return known.find(({ answer }) => answer.prices !== undefined) ?? known[0];
}

function rowPricesOf(row: SpanRow, book: PriceBook, recordedUntil: Date | undefined): RowPrices[] {
  const columns = ["response_model", "request_model"] as const;
  return columns.flatMap((column) => {
    const model = textOf(row, column);
    if (model === undefined) return [];
    const answer = book.resolve({
      provider: textOf(row, "provider"),
      model,
      at: dateOf(row, "start_time"),
      projectId: textOf(row, "project_id"),
      serviceTier: textOf(row, "service_tier"),
      recordedUntil,
    });
    return [{ model, column, answer }];
  });
}

/** A timestamp column, which is microseconds since the epoch. */
export function dateOf(row: SpanRow, column: string): Date {
  return new Date(Number((bigintOf(row, column) ?? 0n) / MICROS_PER_MS));
}
