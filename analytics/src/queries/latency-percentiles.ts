import type { SqlResult, SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { dimensionOf, isOfFilter } from "./call-dimensions.ts";
import type { CallDimension, CallFilter } from "./call-dimensions.ts";
import {
  IS_BILLED_CALL,
  LATENCY_NANOS,
  checkCount,
  checkRange,
  rowsOf,
  toMs,
} from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { MAX_GROUPS } from "./top-groups.ts";

export interface LatencyPercentilesInput extends TimeRange {
  /** Undefined: all calls together. */
  readonly by?: CallDimension | undefined;
  /** How many groups, those with the most calls first. */
  readonly limit: number;
  readonly filter?: CallFilter;
}

/** How long the answered calls of a group took. A call refused at once is not a fast one: it does not count. */
export interface LatencyGroup {
  /** Undefined: the calls without a value there, or all of them. */
  readonly key: string | undefined;
  readonly calls: number;
  readonly latencyMs: LatencyFigures;
  /** To the first token, of the calls that report it. */
  readonly ttftMs: LatencyFigures;
}

/** Exact percentiles; undefined when no call reports a duration. */
export interface LatencyFigures {
  readonly p50: number | undefined;
  readonly p90: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
  readonly max: number | undefined;
}

export async function latencyPercentiles(
  projectId: string,
  input: LatencyPercentilesInput,
  target: QueryTarget,
): Promise<LatencyGroup[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_GROUPS);
  if (target.source.files.length === 0) return [];
  const key = input.by === undefined ? sql`NULL::VARCHAR` : dimensionOf(input.by);
  const rows = await target.duckDb.query(sql`SELECT ${key} AS group_key, count(*) AS calls,
    ${figuresOf(LATENCY_NANOS)} AS latency, ${figuresOf(sql`ttft_ns`)} AS ttft
    ${rowsOf(projectId, input, target.source)} AND ${IS_BILLED_CALL} AND ${isOfFilter(input.filter)}
    GROUP BY group_key ORDER BY calls DESC, group_key ASC NULLS LAST
    LIMIT ${BigInt(input.limit)}`);
  return rows.map((row) => toGroup(row));
}

const figuresOf = (nanos: Sql): Sql => sql`quantile_cont(${nanos}, [0.5, 0.9, 0.95, 0.99, 1.0])`;

function toGroup(row: SqlRow): LatencyGroup {
  return {
    key: (row["group_key"] as string | null) ?? undefined,
    calls: Number(row["calls"]),
    latencyMs: toFigures(row["latency"]),
    ttftMs: toFigures(row["ttft"]),
  };
}

function toFigures(nanos: SqlResult | undefined): LatencyFigures {
  const [p50, p90, p95, p99, max] = Array.isArray(nanos) ? (nanos as readonly SqlResult[]) : [];
  return { p50: toMs(p50), p90: toMs(p90), p95: toMs(p95), p99: toMs(p99), max: toMs(max) };
}
