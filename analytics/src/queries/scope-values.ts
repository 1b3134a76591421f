import { SCOPE_KEYS } from "@lensai/otel-config/control/call-scope";
import type { ScopeKey } from "@lensai/otel-config/control/call-scope";
import { column, sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { IS_CALL, checkCount, checkRange, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { SCOPE_COLUMNS } from "./scope-columns.ts";

export const MAX_SCOPE_VALUES = 100;

export interface ScopeValuesInput extends TimeRange {
  /** How many values per key, those of most calls first. */
  readonly limit: number;
}

/** What the calls of a time have in the columns that scopes name. */
export type ScopeValues = Readonly<Partial<Record<ScopeKey, readonly string[]>>>;

export async function scopeValues(
  projectId: string,
  input: ScopeValuesInput,
  target: QueryTarget,
): Promise<ScopeValues> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_SCOPE_VALUES);
  if (target.source.files.length === 0) return {};
  const calls = sql`calls AS (SELECT * ${rowsOf(projectId, input, target.source)} AND ${IS_CALL})`;
  const parts = SCOPE_KEYS.map((key) => valuesOf(key, input.limit));
  const union = parts.reduce((all, part) => sql`${all} UNION ALL ${part}`);
  const rows = await target.duckDb.query(sql`WITH ${calls} ${union}`);
  const byKey = Map.groupBy(rows, (row) => row["scope_key"] as ScopeKey);
  return Object.fromEntries(
    [...byKey].map(([key, ofKey]) => [key, ofKey.map((row) => row["value"] as string)]),
  );
}

function valuesOf(key: ScopeKey, limit: number): Sql {
  const cell = column(SCOPE_COLUMNS[key]);
  return sql`SELECT * FROM (SELECT ${key} AS scope_key, CAST(${cell} AS VARCHAR) AS value
    FROM calls WHERE ${cell} IS NOT NULL AND ${cell} <> ''
    GROUP BY ${cell} ORDER BY count(*) DESC, ${cell} LIMIT ${BigInt(limit)})`;
}
