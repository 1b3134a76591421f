import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import {
  IS_CALL,
  checkCount,
  checkRange,
  knownSum,
  knownTotal,
  rowsOf,
  toMs,
} from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

export const MAX_GROUPS = 1000;

export interface TopInput extends TimeRange {
  /** How many groups, dearest first. */
  readonly limit: number;
}

/** What the calls of one group (a model, a user) cost and how they went. */
export interface GroupFigures {
  readonly calls: number;
  readonly pricedCalls: number;
  readonly unpricedCalls: number;
  /** Sum of the known costs; undefined when no call of the group has a price. */
  readonly costNanoUsd: bigint | undefined;
  /** Sums over the calls that report them; undefined when none does. */
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  /** Failed calls among all calls, 0 to 1. */
  readonly errorShare: number;
  /** Exact, over the calls whose duration is known. */
  readonly p95LatencyMs: number | undefined;
}

export interface Group extends GroupFigures {
  /** undefined: the calls that have no value there. */
  readonly key: string | undefined;
}

/** The dearest groups by `key`, an SQL expression of text. Groups without any price come last. */
export async function topGroups(
  projectId: string,
  input: TopInput & { readonly key: Sql },
  target: QueryTarget,
): Promise<Group[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_GROUPS);
  if (target.source.files.length === 0) return [];
  const rows = await target.duckDb.query(sql`SELECT ${input.key} AS group_key,
    count(*) AS calls, count(*) FILTER (WHERE billed) AS billed_calls,
    count(cost_nano_usd) AS priced_calls, sum(cost_nano_usd) AS cost_nano_usd,
    sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
    count(*) FILTER (WHERE status = 'error') AS error_calls,
    quantile_cont(duration_ns, 0.95) AS latency_p95
    ${rowsOf(projectId, input, target.source)} AND ${IS_CALL}
    GROUP BY group_key
    ORDER BY cost_nano_usd DESC NULLS LAST, calls DESC, group_key ASC NULLS LAST
    LIMIT ${BigInt(input.limit)}`);
  return rows.map((row) => toGroup(row));
}

function toGroup(row: SqlRow): Group {
  const calls = Number(row["calls"]);
  const billedCalls = Number(row["billed_calls"]);
  const pricedCalls = Number(row["priced_calls"]);
  return {
    key: (row["group_key"] as string | null) ?? undefined,
    calls,
    pricedCalls,
    unpricedCalls: billedCalls - pricedCalls,
    costNanoUsd: knownSum(row["cost_nano_usd"], billedCalls),
    inputTokens: knownTotal(row["input_tokens"], billedCalls),
    outputTokens: knownTotal(row["output_tokens"], billedCalls),
    errorShare: Number(row["error_calls"]) / calls,
    p95LatencyMs: toMs(row["latency_p95"]),
  };
}
