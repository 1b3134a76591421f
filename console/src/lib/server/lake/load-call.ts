import { callDetail, type RecordName } from "@lensai/analytics/queries/call-detail";
import { possibleRepeatsOfCall } from "@lensai/analytics/queries/possible-repeats-of-call";
import { relatedRecords, type RelatedRecord } from "@lensai/analytics/queries/related-records";
import { recordsOfCall } from "@lensai/analytics/recompute/records-of-call";
import { explainCall } from "@lensai/otel-config/explain/explain-call";
import { verdictOf } from "@lensai/otel-config/explain/verdict";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import type { CallArithmetic } from "../../arithmetic.ts";
import type { LakeReader } from "./lake-reader.ts";

export interface CallQuestion {
  readonly projectId: string;
  readonly record: RecordName;
  /** The millisecond in which the call started; undefined searches the last month. */
  readonly atUnixMs: number | undefined;
  readonly nowUnixMs: number;
}

const DAY_MS = 86_400_000;
const LOOK_BACK_MS = 31 * DAY_MS;
/** An agent's record starts long before its last call, and another record of a call hardly later than it. */
const RELATED_WITHIN_MS = 6 * 3_600_000;
/** One call has a handful of records; an agent that others are shadowed by may have many. */
const RELATED_MAX = 50;

/** One record with its content; undefined when there is none in the time searched. */
export async function loadCall(
  lake: LakeReader,
  question: CallQuestion,
): Promise<SpanRow | undefined> {
  const { projectId, record } = question;
  const range = searchRange(question);
  await lake.refresh();
  return lake.askWithContent({ projectId, ...range }, (target, content) =>
    callDetail(projectId, { record, ...range, content }, target),
  );
}

function searchRange({ atUnixMs, nowUnixMs }: CallQuestion): {
  fromUnixMs: number;
  toUnixMs: number;
} {
  return atUnixMs === undefined
    ? { fromUnixMs: nowUnixMs - LOOK_BACK_MS, toUnixMs: nowUnixMs + DAY_MS }
    : { fromUnixMs: atUnixMs, toUnixMs: atUnixMs + 1 };
}

/** How the cost of a loaded record came about, with the other records of the call. */
export async function loadArithmetic(
  lake: LakeReader,
  row: SpanRow,
  book: PriceBook,
): Promise<CallArithmetic> {
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  const startUnixMs = Number((row["start_unix_nano"] as bigint) / 1_000_000n);
  const record = {
    batchId: text("batch_id") ?? "",
    recordOrdinal: (row["record_ordinal"] as bigint | null) ?? undefined,
    traceId: text("trace_id"),
    spanId: text("span_id"),
    startUnixMs,
    signal: text("signal") ?? "",
    spanName: text("span_name"),
    model: text("response_model") ?? text("request_model"),
    provider: text("provider"),
    serviceName: text("service_name"),
    scopeName: text("scope_name"),
    scopeVersion: text("scope_version"),
  };
  return {
    record,
    explanation: explainCall(row, book),
    related: await loadRelated(lake, row, record),
  };
}

async function loadRelated(
  lake: LakeReader,
  row: SpanRow,
  record: CallArithmetic["record"],
): Promise<RelatedRecord[]> {
  const { startUnixMs, batchId, recordOrdinal, spanId, signal } = record;
  if (recordOrdinal === undefined || signal === "metric") return [];
  const projectId = String(row["project_id"]);
  const { kind, shadowedBy } = verdictOf(row);
  const range = {
    fromUnixMs: Math.max(0, startUnixMs - RELATED_WITHIN_MS),
    toUnixMs: startUnixMs + RELATED_WITHIN_MS,
  };
  const input = { batchId, recordOrdinal, limit: RELATED_MAX };
  const name = `related to ${batchId} ${recordOrdinal} ${spanId} ${shadowedBy}`;
  const isLog = signal === "log" && kind === "billed";
  const responseId = (row["response_id"] as string | null) ?? undefined;
  return lake.ask({ name, projectId, ...range }, async (target) => [
    // A log has no span of its own by which others could name it.
    ...(isLog || (kind === "repeated" && shadowedBy === undefined)
      ? await recordsOfCall(projectId, { ...record, ...input, responseId }, target)
      : await relatedRecords(projectId, { ...range, ...input, spanId, shadowedBy }, target)),
    ...(await possibleRepeatsOfCall(projectId, { ...range, ...input }, target)),
  ]);
}
