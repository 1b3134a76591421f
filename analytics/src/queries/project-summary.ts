import type { SqlResult, SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import { isOfFilter } from "./call-dimensions.ts";
import type { CallFilter } from "./call-dimensions.ts";
import {
  IS_BILLED_CALL,
  IS_CALL,
  IS_ESTIMATED,
  LATENCY_NANOS,
  checkRange,
  knownSum,
  knownTotal,
  rowsOf,
  toMs,
} from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

/** The figures at the top of a project's page. */
export interface ProjectSummary {
  /** Model calls, answered or failed. */
  readonly calls: number;
  /** Billed calls with a price, and those whose price is unknown: the coverage of `costNanoUsd`. */
  readonly pricedCalls: number;
  readonly unpricedCalls: number;
  /** Sum of the known costs; undefined when there are billed calls and none has a price. */
  readonly costNanoUsd: bigint | undefined;
  /** The part of `costNanoUsd` that comes from counts that are not the provider's, and its calls. */
  readonly estimatedNanoUsd: bigint;
  readonly estimatedCalls: number;
  /** Calls with status error, billed or not. */
  readonly errorCalls: number;
  /** Sums over the billed calls that report them; undefined when there are some and none does. */
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly cacheReadTokens: number | undefined;
  /** Exact percentiles over the billed calls whose duration is known. */
  readonly latencyMs: Percentiles;
  /** The same for the time to the first token. */
  readonly ttftMs: Percentiles;
  /** When the newest record of the project (of any kind) arrived; undefined when there is none. */
  readonly newestReceivedUnixMs: number | undefined;
}

export interface Percentiles {
  readonly p50: number | undefined;
  readonly p95: number | undefined;
}

export interface ProjectSummaryInput extends TimeRange {
  readonly filter?: CallFilter;
}

export async function projectSummary(
  projectId: string,
  range: ProjectSummaryInput,
  target: QueryTarget,
): Promise<ProjectSummary> {
  checkRange(range);
  if (target.source.files.length === 0) return toSummary({});
  const [row] = await target.duckDb.query(sql`SELECT
    count(*) FILTER (WHERE ${IS_CALL}) AS calls,
    count(*) FILTER (WHERE billed) AS billed_rows,
    count(*) FILTER (WHERE ${IS_BILLED_CALL}) AS billed_calls,
    count(cost_nano_usd) FILTER (WHERE ${IS_BILLED_CALL}) AS priced_calls,
    sum(cost_nano_usd) FILTER (WHERE billed) AS cost_nano_usd,
    sum(cost_nano_usd) FILTER (WHERE ${IS_ESTIMATED}) AS estimated_cost,
    count(cost_nano_usd) FILTER (WHERE ${IS_ESTIMATED}) AS estimated_calls,
    count(*) FILTER (WHERE ${IS_CALL} AND status = 'error') AS error_calls,
    sum(input_tokens) FILTER (WHERE billed) AS input_tokens,
    sum(output_tokens) FILTER (WHERE billed) AS output_tokens,
    sum(cache_read_tokens) FILTER (WHERE billed) AS cache_read_tokens,
    quantile_cont(${LATENCY_NANOS}, [0.5, 0.95]) FILTER (WHERE billed) AS latency,
    quantile_cont(ttft_ns, [0.5, 0.95]) FILTER (WHERE billed) AS ttft,
    epoch_ms(max(received_at)) AS newest_received
    ${rowsOf(projectId, range, target.source)} AND ${isOfFilter(range.filter)}`);
  return toSummary(row ?? {});
}

function toSummary(row: SqlRow): ProjectSummary {
  const billedCalls = Number(row["billed_calls"] ?? 0);
  const billedRows = Number(row["billed_rows"] ?? 0);
  const pricedCalls = Number(row["priced_calls"] ?? 0);
  const newest = row["newest_received"] ?? undefined;
  return {
    calls: Number(row["calls"] ?? 0),
    pricedCalls,
    unpricedCalls: billedCalls - pricedCalls,
    costNanoUsd: knownSum(row["cost_nano_usd"], billedRows),
    estimatedNanoUsd: (row["estimated_cost"] as bigint | null | undefined) ?? 0n,
    estimatedCalls: Number(row["estimated_calls"] ?? 0),
    errorCalls: Number(row["error_calls"] ?? 0),
    inputTokens: knownTotal(row["input_tokens"], billedRows),
    outputTokens: knownTotal(row["output_tokens"], billedRows),
    cacheReadTokens: knownTotal(row["cache_read_tokens"], billedRows),
    latencyMs: toPercentiles(row["latency"]),
    ttftMs: toPercentiles(row["ttft"]),
    newestReceivedUnixMs: newest === undefined ? undefined : Number(newest),
  };
}

function toPercentiles(nanos: SqlResult | undefined): Percentiles {
  const [p50, p95] = Array.isArray(nanos) ? (nanos as readonly SqlResult[]) : [];
  return { p50: toMs(p50), p95: toMs(p95) };
}
