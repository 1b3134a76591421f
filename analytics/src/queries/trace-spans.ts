import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import { MODEL, checkCount, checkRange, rowsOf, toMs } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

export const MAX_TRACE_SPANS = 1000;

export interface TraceSpansInput extends TimeRange {
  readonly traceId: string;
  /** How many records, the earliest first. */
  readonly limit: number;
}

/** A span, or a record that belongs to the trace. Whatever it does not say is undefined. */
export interface TraceSpan {
  readonly spanId: string | undefined;
  readonly parentSpanId: string | undefined;
  readonly batchId: string;
  readonly recordOrdinal: bigint | undefined;
  readonly startUnixNano: bigint;
  readonly durationMs: number | undefined;
  /** span or log. */
  readonly signal: string;
  readonly name: string | undefined;
  readonly serviceName: string | undefined;
  readonly scopeName: string | undefined;
  readonly operation: string | undefined;
  /** inference, embedding, tool, agent, ... */
  readonly callRole: string | undefined;
  readonly status: string | undefined;
  readonly errorType: string | undefined;
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly isBilled: boolean;
  /** Why it is billed, or why not; undefined for what is no call. */
  readonly billRule: string | undefined;
  /** Also of records that are not billed: what they would have cost. */
  readonly costNanoUsd: bigint | undefined;
}

/** The records of one trace of a project, in the order in which they started. */
export async function traceSpans(
  projectId: string,
  input: TraceSpansInput,
  target: QueryTarget,
): Promise<TraceSpan[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_TRACE_SPANS);
  if (target.source.files.length === 0) return [];
  const rows = await target.duckDb
    .query(sql`SELECT span_id, parent_span_id, batch_id, record_ordinal,
    start_unix_nano, duration_ns, signal, span_name, service_name, scope_name, operation, call_role,
    status, error_type, provider, ${MODEL} AS model, input_tokens, output_tokens, billed, bill_rule,
    cost_nano_usd
    ${rowsOf(projectId, input, target.source)} AND trace_id = ${input.traceId} AND signal <> 'metric'
    ORDER BY start_unix_nano, span_id NULLS LAST, batch_id, record_ordinal NULLS LAST
    LIMIT ${BigInt(input.limit)}`);
  return rows.map((row) => toSpan(row));
}

function toSpan(row: SqlRow): TraceSpan {
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  const count = (name: string): number | undefined => {
    const value = row[name] as bigint | null;
    return value === null ? undefined : Number(value);
  };
  return {
    spanId: text("span_id"),
    parentSpanId: text("parent_span_id"),
    batchId: text("batch_id") ?? "",
    recordOrdinal: (row["record_ordinal"] as bigint | null) ?? undefined,
    startUnixNano: row["start_unix_nano"] as bigint,
    durationMs: toMs(row["duration_ns"]),
    signal: text("signal") ?? "",
    name: text("span_name"),
    serviceName: text("service_name"),
    scopeName: text("scope_name"),
    operation: text("operation"),
    callRole: text("call_role"),
    status: text("status"),
    errorType: text("error_type"),
    provider: text("provider"),
    model: text("model"),
    inputTokens: count("input_tokens"),
    outputTokens: count("output_tokens"),
    isBilled: row["billed"] === true,
    billRule: text("bill_rule"),
    costNanoUsd: (row["cost_nano_usd"] as bigint | null) ?? undefined,
  };
}
