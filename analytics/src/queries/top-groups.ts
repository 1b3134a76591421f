import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import { dimensionOf, isOfFilter } from "./call-dimensions.ts";
import type { CallDimension, CallFilter } from "./call-dimensions.ts";
import {
  IS_BILLED_CALL,
  IS_CALL,
  IS_COUNTED,
  IS_ESTIMATED,
  LATENCY_NANOS,
  checkCount,
  checkRange,
  knownSum,
  knownTotal,
  rowsOf,
  toMs,
} from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

export const MAX_GROUPS = 1000;

export interface TopGroupsInput extends TimeRange {
  readonly by: CallDimension;
  /** How many groups, dearest first. */
  readonly limit: number;
  readonly filter?: CallFilter;
}

/** What the calls of one group (a model, a user) cost and how they went. */
export interface GroupFigures {
  /** Model calls, answered or failed. */
  readonly calls: number;
  /** Billed calls with a price, and those whose price is unknown. */
  readonly pricedCalls: number;
  readonly unpricedCalls: number;
  /** Sum of the known costs; undefined when there are billed calls and none has a price. */
  readonly costNanoUsd: bigint | undefined;
  /** Priced calls whose counts are not the provider's: with any, the cost is partly an estimate. */
  readonly estimatedCalls: number;
  /** Sums over the billed calls that report them; undefined when none of them does. */
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  /** Calls with status error among all calls, 0 to 1. */
  readonly errorShare: number;
  /** Exact, over the billed calls whose duration is known: a call refused at once is not a fast one. */
  readonly p95LatencyMs: number | undefined;
}

export interface Group extends GroupFigures {
  /** undefined: the calls that have no value there. */
  readonly key: string | undefined;
}

/** The dearest groups of calls that share a value of a dimension. Groups without any price come last. */
export async function topGroups(
  projectId: string,
  input: TopGroupsInput,
  target: QueryTarget,
): Promise<Group[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_GROUPS);
  if (target.source.files.length === 0) return [];
  const rows = await target.duckDb.query(sql`SELECT ${dimensionOf(input.by)} AS group_key,
    count(*) FILTER (WHERE ${IS_CALL}) AS calls, count(*) FILTER (WHERE billed) AS billed_rows,
    count(*) FILTER (WHERE ${IS_BILLED_CALL}) AS billed_calls,
    count(cost_nano_usd) FILTER (WHERE ${IS_BILLED_CALL}) AS priced_calls,
    sum(cost_nano_usd) FILTER (WHERE billed) AS known_cost,
    count(cost_nano_usd) FILTER (WHERE ${IS_ESTIMATED}) AS estimated_calls,
    sum(input_tokens) FILTER (WHERE billed) AS input_tokens,
    sum(output_tokens) FILTER (WHERE billed) AS output_tokens,
    count(*) FILTER (WHERE status = 'error') AS error_calls,
    quantile_cont(${LATENCY_NANOS}, 0.95) FILTER (WHERE billed) AS latency_p95
    ${rowsOf(projectId, input, target.source)} AND ${IS_COUNTED}
    AND ${isOfFilter(input.filter)}
    GROUP BY group_key
    ORDER BY known_cost DESC NULLS LAST, calls DESC, group_key ASC NULLS LAST
    LIMIT ${BigInt(input.limit)}`);
  return rows.map((row) => toGroup(row));
}

function toGroup(row: SqlRow): Group {
  const calls = Number(row["calls"]);
  const billedCalls = Number(row["billed_calls"]);
  const billedRows = Number(row["billed_rows"]);
  const pricedCalls = Number(row["priced_calls"]);
  return {
    key: (row["group_key"] as string | null) ?? undefined,
    calls,
    pricedCalls,
    unpricedCalls: billedCalls - pricedCalls,
    costNanoUsd: knownSum(row["known_cost"], billedRows),
    estimatedCalls: Number(row["estimated_calls"]),
    inputTokens: knownTotal(row["input_tokens"], billedRows),
    outputTokens: knownTotal(row["output_tokens"], billedRows),
    errorShare: calls === 0 ? 0 : Number(row["error_calls"]) / calls,
    p95LatencyMs: toMs(row["latency_p95"]),
  };
}
