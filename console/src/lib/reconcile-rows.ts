import { judgedBy, type MatchedRow } from "@lensai/analytics/reconcile/match-figures";
import type { Measures } from "@lensai/analytics/reconcile/provider-record";
import { differenceOf } from "@lensai/analytics/reconcile/reconciliation";
import { formatCount } from "./format/count.ts";
import { formatDifference, formatMoney } from "./format/money.ts";

const COUNT_WORDS: Readonly<Record<Exclude<keyof Measures, "costNanoUsd">, string>> = {
  requests: "requests",
  inputTokens: "in",
  cacheReadTokens: "cached",
  cacheWriteTokens: "written to the cache",
  outputTokens: "out",
};

/** What a line of the comparison says, in words. */
export interface ComparedLine {
  readonly theirs: string;
  readonly ours: string;
  readonly difference: string;
}

/** Dollars where the provider tells them, else what it counts. "–" where a side has nothing. */
export function comparedLine(row: MatchedRow): ComparedLine {
  const { theirs, ours } = row;
  const measures: readonly (keyof Measures)[] =
    theirs === undefined ? ["costNanoUsd"] : judgedBy(theirs);
  const words = (
    of: (measure: keyof Measures) => bigint | undefined,
    money: (amount: bigint | undefined) => string,
  ): string =>
    measures
      .map((measure) =>
        measure === "costNanoUsd"
          ? money(of(measure))
          : `${countWords(of(measure))} ${COUNT_WORDS[measure]}`,
      )
      .join(", ");
  const isOnBoth = theirs !== undefined && ours !== undefined;
  return {
    theirs: theirs === undefined ? "–" : words((measure) => theirs[measure], formatMoney),
    ours: ours === undefined ? "–" : words((measure) => ours[measure], formatMoney),
    difference: isOnBoth
      ? words(
          (measure) => differenceOf(row, measure),
          (amount) => (amount === undefined ? "unknown" : formatDifference(amount)),
        )
      : "–",
  };
}

const countWords = (count: bigint | undefined): string =>
  count === undefined ? "unknown" : formatCount(count);
