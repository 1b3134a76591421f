import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { dimensionOf, isOfFilter } from "./call-dimensions.ts";
import type { CallDimension, CallFilter } from "./call-dimensions.ts";
import {
  IS_BILLED_CALL,
  IS_CALL,
  IS_COUNTED,
  checkCount,
  checkRange,
  invalid,
  knownSum,
  rowsOf,
} from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { MAX_GROUPS } from "./top-groups.ts";

export interface SpendChangesInput extends TimeRange {
  /** What the range is compared with; it ends before the range begins. */
  readonly before: TimeRange;
  readonly by: CallDimension;
  /** How many groups, the largest change first. */
  readonly limit: number;
  readonly filter?: CallFilter;
}

/** What calls cost in one of the two times. */
export interface SpendSide {
  /** Model calls, answered or failed. */
  readonly calls: number;
  readonly pricedCalls: number;
  readonly unpricedCalls: number;
  /** Sum of the known costs; undefined when there are billed calls and none has a price. */
  readonly costNanoUsd: bigint | undefined;
}

export interface SpendChange {
  readonly before: SpendSide;
  readonly now: SpendSide;
}

export interface GroupChange extends SpendChange {
  /** undefined: the calls that have no value there. */
  readonly key: string | undefined;
}

export interface SpendChanges {
  /** Of all calls of the filter. */
  readonly total: SpendChange;
  /** Of either time, also those that are gone; up or down, the largest change of the known cost first. */
  readonly groups: readonly GroupChange[];
}

const NANOS_PER_MS = 1_000_000n;
const NO_CALLS: SpendSide = { calls: 0, pricedCalls: 0, unpricedCalls: 0, costNanoUsd: 0n };

/** What the calls of a time cost beside those of an earlier time, by a dimension: what made the cost go up or down. */
export async function spendChanges(
  projectId: string,
  input: SpendChangesInput,
  target: QueryTarget,
): Promise<SpendChanges> {
  const { before, by, limit, filter } = input;
  checkRange(input);
  checkRange(before);
  if (before.toUnixMs > input.fromUnixMs)
    throw invalid("the time before must end when the range begins, or earlier");
  const both = { fromUnixMs: before.fromUnixMs, toUnixMs: input.toUnixMs };
  checkRange(both);
  checkCount("limit", limit, MAX_GROUPS);
  if (target.source.files.length === 0)
    return { total: { before: NO_CALLS, now: NO_CALLS }, groups: [] };
  const rows = await target.duckDb.query(sql`
    SELECT grouping(group_key) AS is_total, group_key,
      ${figuresOf(sql`was`, within(before))}, ${figuresOf(sql`now`, within(input))},
      abs(coalesce(now_cost, 0) - coalesce(was_cost, 0)) AS change
    FROM (SELECT *, ${dimensionOf(by)} AS group_key ${rowsOf(projectId, both, target.source)}
      AND ${IS_COUNTED} AND ${isOfFilter(filter)} AND (${within(before)} OR ${within(input)}))
    GROUP BY GROUPING SETS ((group_key), ())
    ORDER BY is_total DESC, change DESC, now_calls + was_calls DESC, group_key ASC NULLS LAST
    LIMIT ${BigInt(limit + 1)}`);
  const [total, ...groups] = rows.map((row) => toChange(row));
  if (total === undefined) throw new Error("the sum of all groups is missing");
  return { total: { before: total.before, now: total.now }, groups };
}

const within = ({ fromUnixMs, toUnixMs }: TimeRange): Sql =>
  sql`(start_unix_nano >= ${BigInt(fromUnixMs) * NANOS_PER_MS} AND start_unix_nano < ${BigInt(toUnixMs) * NANOS_PER_MS})`;

/** The figures of one time, under names that begin with `prefix`. */
const figuresOf = (prefix: Sql, isThen: Sql): Sql => sql`
  count(*) FILTER (WHERE ${isThen} AND ${IS_CALL}) AS ${prefix}_calls,
  count(*) FILTER (WHERE ${isThen} AND billed) AS ${prefix}_billed_rows,
  count(*) FILTER (WHERE ${isThen} AND ${IS_BILLED_CALL}) AS ${prefix}_billed_calls,
  count(cost_nano_usd) FILTER (WHERE ${isThen} AND ${IS_BILLED_CALL}) AS ${prefix}_priced_calls,
  sum(cost_nano_usd) FILTER (WHERE ${isThen} AND billed) AS ${prefix}_cost`;

function toChange(row: SqlRow): GroupChange {
  return {
    key: (row["group_key"] as string | null) ?? undefined,
    before: toSide(row, "was"),
    now: toSide(row, "now"),
  };
}

function toSide(row: SqlRow, prefix: "was" | "now"): SpendSide {
  const pricedCalls = Number(row[`${prefix}_priced_calls`]);
  return {
    calls: Number(row[`${prefix}_calls`]),
    pricedCalls,
    unpricedCalls: Number(row[`${prefix}_billed_calls`]) - pricedCalls,
    costNanoUsd: knownSum(row[`${prefix}_cost`], Number(row[`${prefix}_billed_rows`])),
  };
}
