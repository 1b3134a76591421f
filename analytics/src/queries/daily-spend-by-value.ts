import type { ScopeKey } from "@lensai/otel-config/control/call-scope";
import { column, sql } from "../duckdb/sql.ts";
import { IS_BILLED_CALL, IS_ESTIMATED, checkRange, knownSum, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { SCOPE_COLUMNS } from "./scope-columns.ts";

const DAY_NANOS = 86_400_000_000_000n;
const DAY_MS = 86_400_000;

/** What the calls of one value cost that started on one day, in UTC. */
export interface DailySpend {
  /** Undefined: calls that have no value there. */
  readonly value: string | undefined;
  /** `2026-11-24` */
  readonly day: string;
  /** Billed calls, and those of them whose price is unknown. */
  readonly calls: number;
  readonly unpricedCalls: number;
  /** Sum of the known costs; undefined when something was billed and nothing of it has a price. */
  readonly costNanoUsd: bigint | undefined;
  /** The part of it whose token counts are not the provider's. */
  readonly estimatedNanoUsd: bigint;
}

export interface DailySpendInput extends TimeRange {
  /** The attribute whose values are told apart. */
  readonly each: ScopeKey;
}

/** What each value of an attribute cost on each day of a range, by day and value. */
export async function dailySpendByValue(
  projectId: string,
  input: DailySpendInput,
  target: QueryTarget,
): Promise<DailySpend[]> {
  checkRange(input);
  if (target.source.files.length === 0) return [];
  const cell = column(SCOPE_COLUMNS[input.each]);
  const rows = await target.duckDb.query(sql`
    SELECT ${cell} AS value, start_unix_nano // ${DAY_NANOS} AS day,
      sum(cost_nano_usd) AS cost, count(*) AS billed_rows,
      coalesce(sum(cost_nano_usd) FILTER (WHERE ${IS_ESTIMATED}), 0) AS estimated,
      count(*) FILTER (WHERE ${IS_BILLED_CALL}) AS calls,
      count(cost_nano_usd) FILTER (WHERE ${IS_BILLED_CALL}) AS priced
    ${rowsOf(projectId, input, target.source)} AND billed
    GROUP BY ALL ORDER BY day, value NULLS LAST`);
  return rows.map((row) => ({
    value: (row["value"] as string | null) ?? undefined,
    day: isoDay(Number(row["day"])),
    calls: Number(row["calls"]),
    unpricedCalls: Number(row["calls"]) - Number(row["priced"]),
    costNanoUsd: knownSum(row["cost"], Number(row["billed_rows"])),
    estimatedNanoUsd: row["estimated"] as bigint,
  }));
}

const isoDay = (days: number): string => new Date(days * DAY_MS).toISOString().slice(0, 10);
