import { isBilledRule } from "@lensai/otel-config/billing/bill-rule";
import type { BillRule } from "@lensai/otel-config/billing/bill-rule";
import type { SpanLinks, Verdict } from "@lensai/otel-config/billing/call-record";
import type { Attribution } from "@lensai/otel-config/billing/inherit-attribution";
import { resolveCalls } from "@lensai/otel-config/billing/resolve-calls";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import type { Correction } from "../corrections/correction.ts";
import type { QueryTarget, TimeRange } from "../queries/query-source.ts";
import { recomputeAttribution, rowName } from "./recompute-attribution.ts";
import type { RepeatedRecords } from "./recompute-attribution.ts";
import { landedLinks, landedRecords, linkName } from "./landed-records.ts";
import type { LandedRecord } from "./landed-records.ts";
import { recomputeMeters } from "./recompute-meters.ts";
import type { AskRange } from "./recompute-meters.ts";
import { toldCalls } from "./told-calls.ts";
import type { ToldCalls } from "./told-calls.ts";

/**
 * How far around a range is looked for records of the same calls and traces: a batch job's trace, a gateway's
 * clock, a client that was offline.
 */
export const RECOMPUTE_MARGIN_MS = 3_600_000;
const MICROS_PER_MS = 1000;

export interface RecomputedVerdicts {
  /** Records in the range that can be billed: calls, and points of metrics that count tokens. */
  readonly records: number;
  /** Where what the lake says differs from what all its records together say. */
  readonly corrections: readonly Correction[];
}

export interface RecomputeQuestion {
  readonly projectId: string;
  /** What starts in it is decided about. */
  readonly range: TimeRange;
  readonly decidedAt: Date;
  /** Prices what metrics tell; what spans and logs tell has its price. */
  readonly book: PriceBook;
}

/** Resolves what starts in a range of one project. */
export async function recomputeVerdicts(
  { projectId, range, decidedAt, book }: RecomputeQuestion,
  ask: AskRange,
): Promise<RecomputedVerdicts> {
  const around = withMargin(range);
  const calls = await ask(around, (target) => recomputeCalls(projectId, range, target));
  if (calls === undefined) return { records: 0, corrections: [] };
  const question = { projectId, range, around, calls: calls.told, book };
  const meters = await recomputeMeters(question, ask);
  const decidedMicros = decidedAt.getTime() * MICROS_PER_MS;
  return {
    records: calls.records + meters.points,
    corrections: [...calls.corrections, ...meters.corrections].map((correction) =>
      Object.assign(correction, { projectId, decidedMicros }),
    ),
  };
}

type NewVerdict = Omit<Correction, "projectId" | "decidedMicros">;

interface RecomputedCalls {
  readonly records: number;
  readonly corrections: readonly NewVerdict[];
  /** What is billed in the range and around it. */
  readonly told: ToldCalls;
}

async function recomputeCalls(
  projectId: string,
  range: TimeRange,
  target: QueryTarget,
): Promise<RecomputedCalls> {
  const around = withMargin(range);
  const landed = await landedRecords(projectId, around, target);
  const links = await landedLinks(projectId, around, { ...target, records: landed });
  const find: SpanLinks["find"] = ({ trace }, span) => links.get(linkName(trace, span));
  const verdicts = resolveCalls(
    landed.map(({ record }) => record),
    { find },
  );
  const repeated = repeatedRecords(landed, verdicts);
  const attribution = await recomputeAttribution(projectId, around, { ...target, repeated });
  const corrections: NewVerdict[] = [];
  let records = 0;
  for (const [at, each] of landed.entries()) {
    const startMs = each.record.startMicros / MICROS_PER_MS;
    if (startMs < range.fromUnixMs || startMs >= range.toUnixMs) continue;
    records += 1;
    const verdict = verdicts[at] as Verdict;
    const isCounted = isBilledRule(verdict.rule) || verdict.rule === "failed";
    const correction = correctionOf(each, {
      verdict: verdictOf(each, verdict, landed),
      // Who a record that is not billed belongs to changes no figure.
      inherited: isCounted ? attribution.get(recordName(each)) : undefined,
    });
    if (correction !== undefined) corrections.push(correction);
  }
  return { records, corrections, told: toldCalls(landed, verdicts) };
}

/** Rules of records that speak of the very call that another one is billed for. */
const OF_ONE_CALL: ReadonlySet<BillRule> = new Set<BillRule>([
  "same_span",
  "nested",
  "same_response",
  "twin",
]);

/** In the order of their names: whoever asks gets the same answer. */
function repeatedRecords(
  landed: readonly LandedRecord[],
  verdicts: readonly Verdict[],
): RepeatedRecords {
  const others = new Map<string, string[]>();
  const traceIds = new Set<string>();
  for (const [at, { rule, shadowedBy }] of verdicts.entries()) {
    if (shadowedBy === undefined || !OF_ONE_CALL.has(rule)) continue;
    const [record, billed] = [landed[at] as LandedRecord, landed[shadowedBy] as LandedRecord];
    const name = recordName(billed);
    others.set(name, [...(others.get(name) ?? []), recordName(record)]);
    for (const { traceId } of [record, billed]) if (traceId !== undefined) traceIds.add(traceId);
  }
  for (const names of others.values()) names.sort();
  return { others, traceIds: [...traceIds] };
}

export function withMargin({ fromUnixMs, toUnixMs }: TimeRange): TimeRange {
  return {
    fromUnixMs: Math.max(0, fromUnixMs - RECOMPUTE_MARGIN_MS),
    toUnixMs: toUnixMs + RECOMPUTE_MARGIN_MS,
  };
}

type BillVerdict = Pick<Correction, "billed" | "billRule" | "shadowedBy">;

/** Undefined where the lake says so already. */
function verdictOf(
  { stored }: LandedRecord,
  verdict: Verdict,
  landed: readonly LandedRecord[],
): BillVerdict | undefined {
  const target = verdict.shadowedBy === undefined ? undefined : landed[verdict.shadowedBy];
  // The column holds the billed record's own span: a log has none.
  const shadowedBy = target?.record.span === undefined ? undefined : String(target.record.span);
  const billed = isBilledRule(verdict.rule);
  const isSame =
    stored.billed === billed &&
    stored.billRule === verdict.rule &&
    stored.shadowedBy === shadowedBy;
  return isSame ? undefined : { billed, billRule: verdict.rule, shadowedBy };
}

const SAME_VERDICT: BillVerdict = { billed: undefined, billRule: undefined, shadowedBy: undefined };

function correctionOf(
  { record, batchId, recordOrdinal, traceId, spanId, day }: LandedRecord,
  news: { readonly verdict: BillVerdict | undefined; readonly inherited: Attribution | undefined },
): NewVerdict | undefined {
  const { verdict, inherited } = news;
  if (verdict === undefined && inherited === undefined) return undefined;
  return {
    batchId,
    recordOrdinal,
    traceId,
    spanId,
    day,
    startMicros: record.startMicros,
    ...(verdict ?? SAME_VERDICT),
    ...(inherited === undefined ? {} : { inherited }),
  };
}

function recordName({ batchId, recordOrdinal, traceId, spanId }: LandedRecord): string {
  return rowName({
    batch_id: batchId,
    record_ordinal: recordOrdinal ?? null,
    trace_id: traceId ?? null,
    span_id: spanId ?? null,
  });
}
