import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { isOfFilter } from "./call-dimensions.ts";
import type { CallFilter } from "./call-dimensions.ts";
import {
  IS_COUNTED,
  LATENCY_NANOS,
  MODEL,
  checkCount,
  checkRange,
  rowsOf,
  sourceWithin,
  toMs,
} from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

/** A page of a thousand, and the call that shows that there is another page. */
export const MAX_CALLS = 1001;
/** How far back the first look goes; each further one goes this many times farther. */
const FIRST_WINDOW_MS = 15 * 60_000;
const WINDOW_GROWTH = 6;

export interface NewestCallsInput extends TimeRange {
  readonly limit: number;
  readonly filter?: CallFilter;
  /** Only calls that failed, or only those that did not. */
  readonly status?: "ok" | "error" | undefined;
  /** Only calls that come behind this one: the last of the page before. */
  readonly after?: CallPlace | undefined;
}

/** Where a call is among all of a project, newest first. Rows that land later do not move it. */
export interface CallPlace {
  readonly startUnixNano: bigint;
  readonly spanId: string | undefined;
  readonly batchId: string;
  readonly recordOrdinal: bigint | undefined;
}

/** One call, answered or failed, as a line of a table. Whatever the client did not report is undefined. */
export interface CallLine {
  /** Full precision, for links and for paging. */
  readonly startUnixNano: bigint;
  readonly startUnixMs: number;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  /** Place in a request: names also a record without ids. */
  readonly batchId: string;
  readonly recordOrdinal: bigint | undefined;
  /** span or log. */
  readonly signal: string;
  readonly serviceName: string | undefined;
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly userId: string | undefined;
  readonly operation: string | undefined;
  readonly status: string | undefined;
  readonly errorType: string | undefined;
  readonly isStreaming: boolean | undefined;
  readonly latencyMs: number | undefined;
  readonly ttftMs: number | undefined;
  /** False: the call failed before it cost anything. */
  readonly isBilled: boolean;
  readonly costNanoUsd: bigint | undefined;
  readonly tokens: CallTokens;
  /** Where the counts come from, and the rule that read them or says why there are none. */
  readonly usageSource: string | undefined;
  readonly usageRule: string | undefined;
}

/** input and output are inclusive; the others are parts of them. */
export interface CallTokens {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly inputUncached: number | undefined;
  readonly cacheRead: number | undefined;
  readonly cacheWrite5m: number | undefined;
  readonly cacheWrite1h: number | undefined;
  readonly reasoning: number | undefined;
}

/**
 * The newest calls, newest first. Walks backwards in time in growing windows and stops as soon as
 * it has enough, so that a long range costs no more than the part of it that is needed. Give the bounds
 * of the files where they are known: files of windows that are not reached are not even opened.
 */
export async function newestCalls(
  projectId: string,
  input: NewestCallsInput,
  target: QueryTarget,
): Promise<CallLine[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_CALLS);
  const lines: CallLine[] = [];
  if (target.source.files.length === 0) return lines;
  for (const window of windowsOf(rangeBehind(input))) {
    const rows = await readWindow(
      projectId,
      { ...input, ...window, limit: input.limit - lines.length },
      target,
    );
    lines.push(...rows.map((row) => toLine(row)));
    if (lines.length >= input.limit) break;
  }
  return lines;
}

/** The part of the range that calls behind a place can be in; it may be empty. */
function rangeBehind({ fromUnixMs, toUnixMs, after }: NewestCallsInput): TimeRange {
  const placeUnixMs = after === undefined ? toUnixMs : Number(after.startUnixNano / 1_000_000n) + 1;
  return { fromUnixMs, toUnixMs: Math.min(toUnixMs, placeUnixMs) };
}

/** Neighbouring windows from the end of the range to its beginning, each longer than the one before. */
export function windowsOf(range: TimeRange): TimeRange[] {
  const windows: TimeRange[] = [];
  let toUnixMs = range.toUnixMs;
  let lengthMs = FIRST_WINDOW_MS;
  while (toUnixMs > range.fromUnixMs) {
    const fromUnixMs = Math.max(range.fromUnixMs, toUnixMs - lengthMs);
    windows.push({ fromUnixMs, toUnixMs });
    toUnixMs = fromUnixMs;
    lengthMs *= WINDOW_GROWTH;
  }
  return windows;
}

async function readWindow(
  projectId: string,
  input: NewestCallsInput,
  target: QueryTarget,
): Promise<SqlRow[]> {
  const source = sourceWithin(target.source, input);
  if (source.files.length === 0) return [];
  return target.duckDb.query(sql`SELECT start_unix_nano, trace_id, span_id, batch_id,
    record_ordinal, signal, usage_source, usage_rule, service_name, provider,
    ${MODEL} AS model, user_id, operation, status, error_type, streaming, ${LATENCY_NANOS} AS latency_ns, ttft_ns,
    billed, cost_nano_usd, input_tokens, output_tokens, input_uncached_tokens, cache_read_tokens,
    cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens
    ${rowsOf(projectId, input, source)} AND ${IS_COUNTED} AND ${isOfFilter(input.filter)}
    AND ${hasStatus(input.status)} AND ${isBehind(input.after)}
    ORDER BY start_unix_nano DESC, ${SAME_START} LIMIT ${BigInt(input.limit)}`);
}

/** '~' comes behind every id. */
const SAME_START: Sql = sql`(coalesce(span_id, '~'), batch_id, coalesce(record_ordinal, -1))`;

function isBehind(place: CallPlace | undefined): Sql {
  if (place === undefined) return sql`true`;
  const { startUnixNano, spanId = "~", batchId, recordOrdinal = -1n } = place;
  return sql`(start_unix_nano < ${startUnixNano} OR (start_unix_nano = ${startUnixNano}
    AND ${SAME_START} > (${spanId}, ${batchId}, ${recordOrdinal})))`;
}

function hasStatus(status: NewestCallsInput["status"]): Sql {
  if (status === undefined) return sql`true`;
  return status === "error" ? sql`status = 'error'` : sql`status IS DISTINCT FROM 'error'`;
}

function toLine(row: SqlRow): CallLine {
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  const count = (name: string): number | undefined => {
    const value = row[name] as bigint | null;
    return value === null ? undefined : Number(value);
  };
  const startUnixNano = row["start_unix_nano"] as bigint;
  return {
    startUnixNano,
    startUnixMs: Number(startUnixNano / 1_000_000n),
    traceId: text("trace_id"),
    spanId: text("span_id"),
    batchId: text("batch_id") ?? "",
    recordOrdinal: (row["record_ordinal"] as bigint | null) ?? undefined,
    signal: text("signal") ?? "",
    usageSource: text("usage_source"),
    usageRule: text("usage_rule"),
    serviceName: text("service_name"),
    provider: text("provider"),
    model: text("model"),
    userId: text("user_id"),
    operation: text("operation"),
    status: text("status"),
    errorType: text("error_type"),
    isStreaming: (row["streaming"] as boolean | null) ?? undefined,
    latencyMs: toMs(row["latency_ns"]),
    ttftMs: toMs(row["ttft_ns"]),
    isBilled: row["billed"] === true,
    costNanoUsd: (row["cost_nano_usd"] as bigint | null) ?? undefined,
    tokens: {
      input: count("input_tokens"),
      output: count("output_tokens"),
      inputUncached: count("input_uncached_tokens"),
      cacheRead: count("cache_read_tokens"),
      cacheWrite5m: count("cache_write_5m_tokens"),
      cacheWrite1h: count("cache_write_1h_tokens"),
      reasoning: count("reasoning_tokens"),
    },
  };
}
