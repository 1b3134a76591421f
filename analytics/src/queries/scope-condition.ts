import { SCOPE_KEYS } from "@lensai/otel-config/control/call-scope";
import type { CallScope, ScopeKey } from "@lensai/otel-config/control/call-scope";
import { column, sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { SCOPE_COLUMNS } from "./scope-columns.ts";

/** A row without the value is not in the scope, as in the guard of the instrumentation. */
export function inScope(scope: CallScope): Sql {
  return SCOPE_KEYS.reduce(
    (condition, key) => {
      const value = scope[key];
      return value === undefined ? condition : sql`${condition} AND ${hasValue(key, value)}`;
    },
    sql`true`,
  );
}

function hasValue(key: ScopeKey, value: string): Sql {
  const cell = column(SCOPE_COLUMNS[key]);
  if (key === "model" && value.endsWith("*"))
    return sql`coalesce(starts_with(${cell}, ${value.slice(0, -1)}), false)`;
  return sql`coalesce(${cell} = ${value}, false)`;
}
