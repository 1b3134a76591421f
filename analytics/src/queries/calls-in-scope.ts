import type { CallScope, ScopeKey } from "@lensai/otel-config/control/call-scope";
import type { StoredCall } from "../budgets/backtest.ts";
import { column, sql } from "../duckdb/sql.ts";
import { IS_BILLED_CALL, MODEL, checkRange, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { SCOPE_COLUMNS } from "./scope-columns.ts";
import { inScope } from "./scope-condition.ts";

/** A back-test of a year of a busy project may take longer than a page. */
const TIMEOUT_MS = 60_000;

export interface CallsInScopeInput extends TimeRange {
  readonly scope: CallScope;
  /** Whose value each call is given with. */
  readonly each: ScopeKey;
}

/** Shows every billed call of a scope in the order in which they started. Nothing is kept. */
export async function visitCallsInScope(
  projectId: string,
  { visit, ...input }: CallsInScopeInput & { readonly visit: (call: StoredCall) => void },
  target: QueryTarget,
): Promise<void> {
  checkRange(input);
  if (target.source.files.length === 0) return;
  const statement = sql`
    SELECT start_unix_nano // 1000000 AS start_ms, cost_nano_usd,
      ${column(SCOPE_COLUMNS[input.each])} AS each_value, ${MODEL} AS model
    ${rowsOf(projectId, input, target.source)} AND ${IS_BILLED_CALL} AND ${inScope(input.scope)}
    ORDER BY start_unix_nano, cost_nano_usd`;
  await target.duckDb.visit(
    statement,
    ({ rowCount, value }) => {
      for (let row = 0; row < rowCount; row += 1) {
        visit({
          startUnixMs: Number(value(row, 0)),
          costNanoUsd: (value(row, 1) as bigint | null) ?? undefined,
          value: () => (value(row, 2) as string | null) ?? undefined,
          model: () => (value(row, 3) as string | null) ?? undefined,
        });
      }
    },
    { timeoutMs: TIMEOUT_MS },
  );
}
