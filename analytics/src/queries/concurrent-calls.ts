import type { CallScope } from "@lensai/otel-config/control/call-scope";
import { sql } from "../duckdb/sql.ts";
import { IS_BILLED_CALL, checkRange, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { inScope } from "./scope-condition.ts";

export interface ConcurrentCallsInput extends TimeRange {
  readonly scope: CallScope;
}

export interface ConcurrentCalls {
  /** The most calls that ran at the same time. */
  readonly peak: number;
  /** The dearest single call; undefined when none has a price. */
  readonly dearestNanoUsd: bigint | undefined;
}

/** How many calls of a scope ran at once, by their start times and durations; one without a duration ran for a moment. */
export async function concurrentCalls(
  projectId: string,
  input: ConcurrentCallsInput,
  target: QueryTarget,
): Promise<ConcurrentCalls> {
  checkRange(input);
  if (target.source.files.length === 0) return { peak: 0, dearestNanoUsd: undefined };
  // A call that ends in the moment in which another starts does not run at the same time: -1 comes first.
  const [row] = await target.duckDb.query(sql`
    WITH calls AS (
      SELECT start_unix_nano AS started, start_unix_nano + greatest(coalesce(duration_ns, 0), 1) AS ended, cost_nano_usd
      ${rowsOf(projectId, input, target.source)} AND ${IS_BILLED_CALL} AND ${inScope(input.scope)}
    ), steps AS (
      SELECT started AS moment, 1 AS step FROM calls UNION ALL SELECT ended, -1 FROM calls
    ), running AS (
      SELECT sum(step) OVER (ORDER BY moment, step ROWS UNBOUNDED PRECEDING) AS calls FROM steps
    )
    SELECT (SELECT max(calls) FROM running) AS peak, (SELECT max(cost_nano_usd) FROM calls) AS dearest`);
  return {
    peak: Number(row?.["peak"] ?? 0),
    dearestNanoUsd: (row?.["dearest"] as bigint | null | undefined) ?? undefined,
  };
}
