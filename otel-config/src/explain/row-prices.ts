import { callPrices } from "../pricing/call-prices.ts";
import type { PriceAnswer, PriceBook } from "../pricing/price-book.ts";
import type { SpanRow } from "../span-row/span-row.ts";
import { trustedMicros } from "../span-row/trusted-time.ts";
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

/** Undefined when the row names no model. `recordedUntil`: as it was believed at that moment. */
export function rowPrices(
  row: SpanRow,
  book: PriceBook,
  recordedUntil?: Date,
): RowPrices | undefined {
  const responseModel = textOf(row, "response_model");
  const requestModel = textOf(row, "request_model");
  const subject = {
    provider: textOf(row, "provider"),
    at: trustedDate(row),
    projectId: textOf(row, "project_id"),
    serviceTier: textOf(row, "service_tier"),
    recordedUntil,
    isMetered: textOf(row, "signal") === "metric",
  };
  const answer = callPrices(book, { ...subject, responseModel, requestModel });
  if (answer === undefined) return undefined;
  const answering = callPrices(book, { ...subject, responseModel, requestModel: undefined });
  const isAnswering = answering?.prices !== undefined || answer.prices === undefined;
  return responseModel !== undefined && isAnswering
    ? { model: responseModel, column: "response_model", answer }
    : { model: requestModel ?? "", column: "request_model", answer };
}

function trustedDate(row: SpanRow): Date {
  const micros = (column: string): number => Number(bigintOf(row, column) ?? 0n);
  return new Date(trustedMicros(micros("start_time"), micros("received_at")) / 1000);
}

/** A timestamp column, which is microseconds since the epoch. */
export function dateOf(row: SpanRow, column: string): Date {
  return new Date(Number((bigintOf(row, column) ?? 0n) / MICROS_PER_MS));
}
