import type { CallRecord, SpanLink } from "@lensai/otel-config/billing/call-record";
import type { MeteredUsage } from "@lensai/otel-config/billing/meter-point";
import { modelFamily } from "@lensai/otel-config/billing/model-family";
import { recordIdOf } from "@lensai/otel-config/billing/record-id";
import { CACHED_COLUMNS, PART_COLUMNS } from "@lensai/otel-config/billing/part-columns";
import { callPartOf, isBoundaryRole } from "@lensai/otel-config/billing/record-part";
import type { CallRole } from "@lensai/otel-config/dialects/call-role";
import { trustedMicros } from "@lensai/otel-config/span-row/trusted-time";
import type { UsageSource } from "@lensai/otel-config/usage/usage";
import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { rowsOf } from "../queries/query-source.ts";
import type { QueryTarget, TimeRange } from "../queries/query-source.ts";

/** A record of the lake, and what is said about it there at the moment. */
export interface LandedRecord {
  readonly record: CallRecord;
  readonly batchId: string;
  /** Undefined on rows of version 1. */
  readonly recordOrdinal: number | undefined;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly sessionId: string | undefined;
  /** The day that the row is filed under, in days since 1970-01-01. */
  readonly day: number;
  readonly counts: MeteredUsage;
  readonly stored: {
    readonly billed: boolean | undefined;
    readonly billRule: string | undefined;
    readonly shadowedBy: string | undefined;
  };
}

const NANOS_PER_MICRO = 1000n;
const MICROS_PER_DAY = 86_400_000_000;

/** What can be billed of a project's rows, in any order. `among` leaves out others ("AND service_name = 'shop'"). */
export async function landedRecords(
  projectId: string,
  range: TimeRange,
  { duckDb, source, among = sql`` }: QueryTarget & { readonly among?: Sql },
): Promise<LandedRecord[]> {
  const rows = await duckDb.query(sql`SELECT batch_id, record_ordinal, trace_id, span_id,
    parent_span_id, signal, service_name, instance_id, scope_name, span_name, call_role,
    request_model, response_model, response_id, usage_source, epoch_us(start_time) AS start_micros,
    epoch_us(received_at) AS received_micros,
    duration_ns, input_tokens, output_tokens, reasoning_tokens, cache_read_tokens,
    cache_write_5m_tokens, cache_write_1h_tokens, tool_use_prompt_tokens, audio_input_tokens, audio_output_tokens,
    image_input_tokens, image_output_tokens, web_search_requests, cost_nano_usd,
    session_id, billed, bill_rule, shadowed_by
    ${rowsOf(projectId, range, source)} AND signal <> 'metric'
    AND (record_ordinal IS NOT NULL OR span_id IS NOT NULL) AND coalesce(usage_source, request_model, response_model) IS NOT NULL
    ${among}`);
  return rows.flatMap((row) => toLanded(projectId, row) ?? []);
}

/** Spans that are no records, by trace and span, in traces where more than one record lies. */
export async function landedLinks(
  projectId: string,
  range: TimeRange,
  target: QueryTarget & { readonly records: readonly LandedRecord[] },
): Promise<ReadonlyMap<string, SpanLink>> {
  const traces = sharedTraces(target.records);
  if (traces.length === 0) return new Map();
  const rows = await target.duckDb.query(sql`SELECT trace_id, span_id, parent_span_id, call_role
    ${rowsOf(projectId, range, target.source)} AND signal = 'span' AND span_id IS NOT NULL
    AND trace_id IN (SELECT unnest(${traces}))`);
  return new Map(
    rows.map((row) => [
      linkName(text(row["trace_id"]), text(row["span_id"])),
      {
        parent: text(row["parent_span_id"]),
        isBoundary: isBoundaryRole(text(row["call_role"]) as CallRole | undefined),
      },
    ]),
  );
}

export function linkName(trace: unknown, span: unknown): string {
  return `${String(trace)} ${String(span)}`;
}

function sharedTraces(records: readonly LandedRecord[]): string[] {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const { traceId } of records) {
    if (traceId === undefined) continue;
    if (seen.has(traceId)) shared.add(traceId);
    seen.add(traceId);
  }
  return [...shared];
}

function toLanded(projectId: string, row: SqlRow): LandedRecord | undefined {
  const signal = text(row["signal"]) ?? "";
  const models = [text(row["request_model"]), text(row["response_model"])];
  const part = callPartOf({
    role: text(row["call_role"]) as CallRole | undefined,
    signal,
    hasModel: models.some((model) => model !== undefined),
    usageSource: text(row["usage_source"]) as UsageSource | undefined,
  });
  if (part === undefined) return undefined;
  const batchId = String(row["batch_id"]);
  const recordOrdinal = count(row, "record_ordinal");
  const isLog = signal === "log";
  const scope = text(row["scope_name"]) ?? "";
  const record: CallRecord = {
    id: landedId(batchId, recordOrdinal, row),
    project: projectId,
    signal: isLog ? "log" : "span",
    part,
    trace: text(row["trace_id"]),
    span: isLog ? undefined : text(row["span_id"]),
    // A log's span id is that of the span it was written in.
    parent: text(row[isLog ? "span_id" : "parent_span_id"]),
    service: text(row["service_name"]) ?? "",
    instance: text(row["instance_id"]),
    scope: isLog ? `${scope}\n${text(row["span_name"]) ?? ""}` : scope,
    models: models.flatMap((model) => (model === undefined ? [] : [modelFamily(model)])),
    responseId: text(row["response_id"]),
    ...timesOf(row, isLog),
    usage: usageOf(row),
  };
  return {
    record,
    batchId,
    recordOrdinal,
    traceId: text(row["trace_id"]),
    spanId: text(row["span_id"]),
    sessionId: text(row["session_id"]),
    day: filedDay(record.startMicros, row),
    counts: {
      input: count(row, "input_tokens"),
      output: count(row, "output_tokens"),
      cacheRead: count(row, "cache_read_tokens"),
      cacheWrite5m: count(row, "cache_write_5m_tokens"),
      cacheWrite1h: count(row, "cache_write_1h_tokens"),
      reasoning: count(row, "reasoning_tokens"),
    },
    stored: {
      billed: typeof row["billed"] === "boolean" ? row["billed"] : undefined,
      billRule: text(row["bill_rule"]),
      shadowedBy: text(row["shadowed_by"]),
    },
  };
}

/** Rows of version 1 are named by their span. */
function landedId(batchId: string, recordOrdinal: number | undefined, row: SqlRow): string {
  if (recordOrdinal !== undefined) return recordIdOf(batchId, recordOrdinal);
  return `${batchId}/${linkName(row["trace_id"], row["span_id"])}`;
}

function timesOf(row: SqlRow, isLog: boolean): { startMicros: number; endMicros: number } {
  const startMicros = Number(row["start_micros"]);
  const duration = isLog ? 0n : ((row["duration_ns"] as bigint | null) ?? 0n);
  return { startMicros, endMicros: startMicros + Number(duration / NANOS_PER_MICRO) };
}

/** As the collector filed it. */
export function filedDay(startMicros: number, row: SqlRow): number {
  return Math.floor(trustedMicros(startMicros, Number(row["received_micros"])) / MICROS_PER_DAY);
}

function usageOf(row: SqlRow): CallRecord["usage"] {
  return {
    source: (text(row["usage_source"]) as UsageSource | undefined) ?? "none",
    input: count(row, "input_tokens"),
    output: count(row, "output_tokens"),
    cached: CACHED_COLUMNS.reduce((sum, name) => sum + (count(row, name) ?? 0), 0),
    toolUsePrompt: count(row, "tool_use_prompt_tokens") ?? 0,
    reasoning: count(row, "reasoning_tokens") ?? 0,
    partCount: PART_COLUMNS.filter((name) => row[name] !== null).length,
    isPriced: row["cost_nano_usd"] !== null,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function count(row: SqlRow, name: string): number | undefined {
  const value = row[name];
  return typeof value === "bigint" ? Number(value) : undefined;
}
