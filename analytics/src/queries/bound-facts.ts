import { LENSAI } from "@lensai/otel-config/attributes/lensai";
import type { CallScope } from "@lensai/otel-config/control/call-scope";
import { sql } from "../duckdb/sql.ts";
import { IS_BILLED_CALL, checkRange, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { inScope } from "./scope-condition.ts";

export interface BoundFactsInput extends TimeRange {
  readonly scope: CallScope;
}

/** What says how far an enforced budget of a scope can be overspent, besides the ledger. */
export interface CallBoundFacts {
  /** The most calls that ran at the same time. */
  readonly peak: number;
  /** The most that one call came to cost beyond what its guard held for it; 0n while none did. */
  readonly shortfallNanoUsd: bigint;
  readonly calls: number;
  /** Calls that no guard has decided about. */
  readonly unguardedCalls: number;
}

const NO_CALLS: CallBoundFacts = { peak: 0, shortfallNanoUsd: 0n, calls: 0, unguardedCalls: 0 };

/** How many calls of a scope ran at once, by their start times and durations; one without a duration ran for a moment. */
export async function boundFacts(
  projectId: string,
  input: BoundFactsInput,
  target: QueryTarget,
): Promise<CallBoundFacts> {
  checkRange(input);
  if (target.source.files.length === 0) return NO_CALLS;
  const said = sql`attributes ->> ${`$."${LENSAI.budgetShortfallNanoUsd}"`}`;
  // A call that ends in the moment in which another starts does not run at the same time: -1 comes first.
  // A bill that is dearer than the charge is beyond what was held by no more than the difference.
  const [row] = await target.duckDb.query(sql`
    WITH calls AS (
      SELECT start_unix_nano AS started, start_unix_nano + greatest(coalesce(duration_ns, 0), 1) AS ended,
        budget_decision IS NULL AS is_unguarded,
        greatest(coalesce(cost_nano_usd, 0) - charged_nano_usd, 0) + CASE
          WHEN contains(attributes, ${LENSAI.budgetShortfallNanoUsd}) THEN coalesce(TRY_CAST(${said} AS BIGINT), 0)
          ELSE 0 END AS shortfall
      ${rowsOf(projectId, input, target.source)} AND ${IS_BILLED_CALL} AND ${inScope(input.scope)}
    ), steps AS (
      SELECT started AS moment, 1 AS step FROM calls UNION ALL SELECT ended, -1 FROM calls
    ), running AS (
      SELECT sum(step) OVER (ORDER BY moment, step ROWS UNBOUNDED PRECEDING) AS calls FROM steps
    )
    SELECT (SELECT max(calls) FROM running) AS peak, max(shortfall) AS shortfall,
      count(*) AS calls, count(*) FILTER (WHERE is_unguarded) AS unguarded
    FROM calls`);
  return {
    peak: Number(row?.["peak"] ?? 0),
    shortfallNanoUsd: (row?.["shortfall"] as bigint | null | undefined) ?? 0n,
    calls: Number(row?.["calls"] ?? 0),
    unguardedCalls: Number(row?.["unguarded"] ?? 0),
  };
}
