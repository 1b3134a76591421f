import type { CallScope, ScopeKey } from "@lensai/otel-config/control/call-scope";
import { column, sql } from "../duckdb/sql.ts";
import { IS_BILLED_CALL, checkCount, checkRange, knownSum, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { SCOPE_COLUMNS } from "./scope-columns.ts";
import { inScope } from "./scope-condition.ts";
import type { ScopeSpend } from "./scope-spend.ts";

export const MAX_VALUES = 1000;

export interface SpendByValueInput extends TimeRange {
  readonly scope: CallScope;
  /** The attribute whose values are told apart; calls without one are left out. */
  readonly each: ScopeKey;
  /** How many values, dearest first. */
  readonly limit: number;
  /** Values that cost this much or more are counted. */
  readonly fullNanoUsd: bigint;
}

export interface SpendByValue {
  readonly values: readonly (ScopeSpend & { readonly value: string })[];
  /** All values there were, and those of them at `fullNanoUsd` or beyond. */
  readonly valueCount: number;
  readonly fullCount: number;
}

/** What each value of an attribute cost within a scope and a time. */
export async function scopeSpendByValue(
  projectId: string,
  input: SpendByValueInput,
  target: QueryTarget,
): Promise<SpendByValue> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_VALUES);
  if (target.source.files.length === 0) return { values: [], valueCount: 0, fullCount: 0 };
  const cell = column(SCOPE_COLUMNS[input.each]);
  const rows = await target.duckDb.query(sql`
    WITH spends AS (
      SELECT ${cell} AS value, sum(cost_nano_usd) AS cost, count(*) AS billed_rows,
        count(*) FILTER (WHERE ${IS_BILLED_CALL}) AS calls,
        count(cost_nano_usd) FILTER (WHERE ${IS_BILLED_CALL}) AS priced
      ${rowsOf(projectId, input, target.source)} AND billed AND ${cell} IS NOT NULL
        AND ${inScope(input.scope)}
      GROUP BY ${cell}
    )
    SELECT *, count(*) OVER () AS value_count,
      count(*) FILTER (WHERE cost >= ${input.fullNanoUsd}) OVER () AS full_count
    FROM spends ORDER BY cost DESC NULLS LAST, calls DESC, value LIMIT ${BigInt(input.limit)}`);
  return {
    values: rows.map((row) => ({
      value: row["value"] as string,
      costNanoUsd: knownSum(row["cost"], Number(row["billed_rows"])),
      calls: Number(row["calls"]),
      unpricedCalls: Number(row["calls"]) - Number(row["priced"]),
    })),
    valueCount: Number(rows[0]?.["value_count"] ?? 0),
    fullCount: Number(rows[0]?.["full_count"] ?? 0),
  };
}
