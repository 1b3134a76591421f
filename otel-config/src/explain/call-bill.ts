import type { NanoUsd } from "../money.ts";
import { costLines } from "../pricing/cost-lines.ts";
import type { CostPart } from "../pricing/cost-lines.ts";
import type { AppliedOverride, PriceBook } from "../pricing/price-book.ts";
import { priceCall } from "../pricing/price-call.ts";
import type { SpanRow } from "../span-row/span-row.ts";
import { dateOf, rowPrices } from "./row-prices.ts";
import { bigintOf, usageOfRow } from "./row-values.ts";

/** The arithmetic of a cost: parts x unit price, summed up exactly, rounded once. */
export interface CallBill {
  readonly model: string;
  readonly modelColumn: "response_model" | "request_model";
  readonly lines: readonly BillLine[];
  readonly sumPicoUsd: bigint;
  /** The sum rounded half up to nano-USD. */
  readonly costNanoUsd: NanoUsd;
  readonly overrides: readonly BillOverride[];
  /**
   * How the stored cost compares: `same`; `same_when_stored` (today's book says `todayNanoUsd`); `changed`
   * (the book is another one: the lines are today's); `not_stored` (unknown when the row arrived).
   */
  readonly comparison: "same" | "same_when_stored" | "changed" | "not_stored";
  readonly todayNanoUsd: NanoUsd | undefined;
}

export interface BillLine {
  readonly part: CostPart;
  readonly quantity: number;
  readonly picoUsdEach: bigint;
  readonly picoUsd: bigint;
}

export interface BillOverride {
  readonly layer: string;
  readonly source: string;
  readonly recordedBy: string;
}

type PricedBill = Omit<CallBill, "comparison" | "todayNanoUsd">;

/**
 * The lines of the stored cost where a state of the book can be found that gives it: today's, or the one
 * when the row arrived. Otherwise today's lines. Undefined when neither can price the row.
 */
export function billOf(row: SpanRow, book: PriceBook): CallBill | undefined {
  const stored = bigintOf(row, "cost_nano_usd");
  const today = pricedBill(row, book);
  const todayNanoUsd = today?.costNanoUsd;
  if (stored !== undefined && todayNanoUsd !== stored) {
    const then = pricedBill(row, book, dateOf(row, "received_at"));
    if (then?.costNanoUsd === stored)
      return { ...then, comparison: "same_when_stored", todayNanoUsd };
  }
  if (today === undefined) return undefined;
  return { ...today, comparison: comparisonOf(stored, today.costNanoUsd), todayNanoUsd };
}

function comparisonOf(stored: NanoUsd | undefined, today: NanoUsd): CallBill["comparison"] {
  if (stored === undefined) return "not_stored";
  return stored === today ? "same" : "changed";
}

function pricedBill(row: SpanRow, book: PriceBook, recordedUntil?: Date): PricedBill | undefined {
  const found = rowPrices(row, book, recordedUntil);
  if (found?.answer.prices === undefined) return undefined;
  const { prices, overrides } = found.answer;
  const usage = usageOfRow(row);
  const costNanoUsd = priceCall(usage, prices);
  if (costNanoUsd === undefined) return undefined;
  const lines = costLines(usage, prices).map(({ part, quantity, picoUsdEach = 0 }): BillLine => {
    const each = BigInt(picoUsdEach);
    return { part, quantity, picoUsdEach: each, picoUsd: each * BigInt(quantity) };
  });
  return {
    model: found.model,
    modelColumn: found.column,
    lines,
    sumPicoUsd: lines.reduce((sum, line) => sum + line.picoUsd, 0n),
    costNanoUsd,
    overrides: overrides.map((applied) => overrideOf(applied)),
  };
}

function overrideOf({ layer, entry }: AppliedOverride): BillOverride {
  return { layer, source: entry.source, recordedBy: entry.recordedBy };
}
