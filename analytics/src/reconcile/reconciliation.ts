import type { DailyCalls } from "../queries/daily-calls-by-model.ts";
import type { TimeRange } from "../queries/query-source.ts";
import { recordsIn, sharedDays, splitTold, toldRange, unfinishedPages } from "./compared-days.ts";
import type { DayRange, SharedDay, UntoldCalls } from "./compared-days.ts";
import { matchFigures } from "./match-figures.ts";
import type { MatchClass, MatchedRow } from "./match-figures.ts";
import type { Measures, ProviderPage } from "./provider-record.ts";
import { sumClasses } from "./sum-classes.ts";
import type { ProviderSum } from "./sum-classes.ts";
import type { TolerancePpm } from "./tolerance.ts";

const DAY_MS = 86_400_000;

/** What providers say that they charge, beside the calls that were seen. */
export interface Reconciliation {
  /** Days, `to` excluded. */
  readonly from: string;
  readonly to: string;
  readonly rows: readonly MatchedRow[];
  readonly sums: readonly ProviderSum[];
  readonly untold: readonly UntoldCalls[];
  readonly unfinished: readonly ProviderPage[];
  readonly shared: readonly SharedDay[];
}

export interface ReconciliationInput {
  readonly pages: readonly ProviderPage[];
  readonly range: DayRange;
  readonly tolerance: TolerancePpm;
}

/** Undefined when the pages tell nothing of the range. `callsOf` is asked for the calls of whole days, in UTC. */
export async function reconcilePages(
  { pages, range, tolerance }: ReconciliationInput,
  callsOf: (range: TimeRange) => Promise<readonly DailyCalls[]>,
): Promise<Reconciliation | undefined> {
  const told = toldRange(pages, range);
  if (told === undefined) return undefined;
  const from = range.from ?? told.first;
  const to = range.to ?? new Date(Date.parse(told.last) + DAY_MS).toISOString().slice(0, 10);
  const calls = await callsOf({ fromUnixMs: Date.parse(from), toUnixMs: Date.parse(to) });
  const split = splitTold(pages, calls);
  const rows = matchFigures(recordsIn(pages, range), split.told, tolerance);
  return {
    from,
    to,
    rows,
    sums: sumClasses(rows),
    untold: split.untold,
    unfinished: unfinishedPages(pages, range),
    shared: sharedDays(pages),
  };
}

export const CLASS_TEXTS: Readonly<Record<MatchClass, string>> = {
  matched: "matched",
  differs: "differs",
  provider_only: "only the provider",
  ours_only: "only here",
};

/** Everything that the providers tell of was compared, and is within the tolerance. */
export function isAllMatched({ rows, untold, unfinished }: Reconciliation): boolean {
  return (
    rows.every((row) => row.class === "matched") &&
    unfinished.length === 0 &&
    !untold.some(({ isProviderTold }) => isProviderTold)
  );
}

/** Ours less theirs; unknown where a side is. */
export function differenceOf(
  { theirs, ours }: MatchedRow,
  measure: keyof Measures,
): bigint | undefined {
  const [their, our] = [theirs?.[measure], ours?.[measure]];
  return their === undefined || our === undefined ? undefined : our - their;
}

/** What else must be known to read it, one sentence each. */
export function notesOf({ untold, unfinished, shared }: Reconciliation): string[] {
  return [
    ...unfinished.map(
      ({ file, subject }) =>
        `${file} says that there are more ${subject} behind it, and no file goes on: incomplete`,
    ),
    ...untold.map(
      ({ provider, calls, firstDay, lastDay, isProviderTold }) =>
        `calls not compared: ${calls} of ${provider === "" ? "no named provider" : provider} from ${firstDay} to ${lastDay}; no file tells of ${isProviderTold ? "these days" : "it"}`,
    ),
    ...shared.map(
      ({ subject, day, files }) =>
        `${[...files].join(" and ")} both tell ${subject} of ${day}: added up`,
    ),
  ];
}
