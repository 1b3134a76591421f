import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import type { Correction } from "../corrections/correction.ts";
import { appendRows } from "../lake/append.ts";
import type { Lake } from "../lake/open-lake.ts";
import type { QueryTarget, TimeRange } from "../queries/query-source.ts";
import { recomputeVerdicts } from "./recompute-verdicts.ts";

/** Resolved at once, with an hour around it: what a busy project says in three hours fits in memory. */
const SLICE_MS = 3_600_000;
/** A file holds a million rows at most. */
const CORRECTIONS_PER_COMMIT = 500_000;

/** Asks the files that can hold rows of the project and range; undefined when there are none. */
export type AskLake = <T>(
  projectId: string,
  range: TimeRange,
  run: (target: QueryTarget) => Promise<T>,
) => Promise<T | undefined>;

export interface RecomputeTask {
  readonly projects: readonly string[];
  readonly range: TimeRange;
  readonly decidedAt: Date;
  readonly book: PriceBook;
}

export interface Recomputed {
  readonly records: number;
  readonly corrections: readonly Correction[];
}

/** Decides about billing again for all that starts in the range, hour by hour. */
export async function recomputeRange(task: RecomputeTask, ask: AskLake): Promise<Recomputed> {
  const { projects, range, decidedAt, book } = task;
  const corrections: Correction[] = [];
  let records = 0;
  for (const projectId of projects) {
    for (const slice of hoursOf(range)) {
      const question = { projectId, range: slice, decidedAt, book };
      const found = await recomputeVerdicts(question, (wanted, run) => ask(projectId, wanted, run));
      records += found.records;
      for (const correction of found.corrections) corrections.push(correction);
    }
  }
  return { records, corrections };
}

/** Whole hours of the clock, cut at both ends: the same hour is always decided about with the same hours around it. */
function hoursOf({ fromUnixMs, toUnixMs }: TimeRange): TimeRange[] {
  const hours: TimeRange[] = [];
  for (let from = fromUnixMs; from < toUnixMs; from = hours.at(-1)?.toUnixMs ?? toUnixMs) {
    const next = (Math.floor(from / SLICE_MS) + 1) * SLICE_MS;
    hours.push({ fromUnixMs: from, toUnixMs: Math.min(toUnixMs, next) });
  }
  return hours;
}

/** Names for the landings of one decider: numbered, as those of a collector are. `writer` tells who decided. */
export function correctionNames(writer: string, startedAt: Date): () => string {
  const start = startedAt
    .toISOString()
    .toLowerCase()
    .replaceAll(/[^0-9tz]/g, "");
  let number = 0;
  return () => `${writer}-${start}-${String((number += 1)).padStart(8, "0")}`;
}

/** Lands corrections under names that nobody else uses. */
export async function landCorrections(
  lake: Lake,
  corrections: readonly Correction[],
  { nextName, landedAt }: { readonly nextName: () => string; readonly landedAt: Date },
): Promise<void> {
  for (let from = 0; from < corrections.length; from += CORRECTIONS_PER_COMMIT) {
    await appendRows(lake, new RowBatch(1), {
      name: nextName(),
      landedAt,
      corrections: corrections.slice(from, from + CORRECTIONS_PER_COMMIT),
    });
  }
}
