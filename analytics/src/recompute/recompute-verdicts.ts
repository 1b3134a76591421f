import { isBilledRule } from "@lensai/otel-config/billing/bill-rule";
import type { SpanLinks, Verdict } from "@lensai/otel-config/billing/call-record";
import { resolveCalls } from "@lensai/otel-config/billing/resolve-calls";
import type { Correction } from "../corrections/correction.ts";
import { dayOf } from "../lake/layout.ts";
import type { QueryTarget, TimeRange } from "../queries/query-source.ts";
import { landedLinks, landedRecords, linkName } from "./landed-records.ts";
import type { LandedRecord } from "./landed-records.ts";

/**
 * How far around a range is looked for records of the same calls and traces: a batch job's trace, a gateway's
 * clock, a client that was offline.
 */
export const RECOMPUTE_MARGIN_MS = 3_600_000;
const MICROS_PER_MS = 1000;

export interface RecomputedVerdicts {
  /** Records in the range that can be billed. */
  readonly records: number;
  /** Where what the lake says differs from what all its records together say. */
  readonly corrections: readonly Correction[];
}

/** Resolves what starts in the range of one project; `target` holds the rows of the range and its margin. */
export async function recomputeVerdicts(
  projectId: string,
  range: TimeRange & { readonly decidedAt: Date },
  target: QueryTarget,
): Promise<RecomputedVerdicts> {
  const around = withMargin(range);
  const landed = await landedRecords(projectId, around, target);
  const links = await landedLinks(projectId, around, { ...target, records: landed });
  const find: SpanLinks["find"] = ({ trace }, span) => links.get(linkName(trace, span));
  const verdicts = resolveCalls(
    landed.map(({ record }) => record),
    { find },
  );
  const corrections: Correction[] = [];
  let records = 0;
  for (const [at, each] of landed.entries()) {
    const startMs = each.record.startMicros / MICROS_PER_MS;
    if (startMs < range.fromUnixMs || startMs >= range.toUnixMs) continue;
    records += 1;
    const correction = correctionOf(each, verdicts[at] as Verdict, landed);
    const decidedMicros = range.decidedAt.getTime() * MICROS_PER_MS;
    if (correction !== undefined) corrections.push({ projectId, decidedMicros, ...correction });
  }
  return { records, corrections };
}

export function withMargin({ fromUnixMs, toUnixMs }: TimeRange): TimeRange {
  return {
    fromUnixMs: Math.max(0, fromUnixMs - RECOMPUTE_MARGIN_MS),
    toUnixMs: toUnixMs + RECOMPUTE_MARGIN_MS,
  };
}

/** Undefined where the lake says so already. */
function correctionOf(
  { record, batchId, recordOrdinal, traceId, spanId, stored }: LandedRecord,
  verdict: Verdict,
  landed: readonly LandedRecord[],
): Omit<Correction, "projectId" | "decidedMicros"> | undefined {
  const target = verdict.shadowedBy === undefined ? undefined : landed[verdict.shadowedBy];
  // The column holds the billed record's own span: a log has none.
  const shadowedBy = target?.record.span === undefined ? undefined : String(target.record.span);
  const billed = isBilledRule(verdict.rule);
  const isSame =
    stored.billed === billed &&
    stored.billRule === verdict.rule &&
    stored.shadowedBy === shadowedBy;
  if (isSame) return undefined;
  return {
    batchId,
    recordOrdinal,
    traceId,
    spanId,
    day: Math.max(0, dayOf(new Date(record.startMicros / MICROS_PER_MS))),
    startMicros: record.startMicros,
    billed,
    billRule: verdict.rule,
    shadowedBy,
  };
}
