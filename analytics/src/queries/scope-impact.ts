import type { CallScope } from "@lensai/otel-config/control/call-scope";
import { sql } from "../duckdb/sql.ts";
import { IS_CALL, checkRange, knownSum, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { inScope } from "./scope-condition.ts";

export interface ScopeImpactInput extends TimeRange {
  readonly scope: CallScope;
}

/** The calls that have every value of a scope: whom stopping them would have met. */
export interface ScopeImpact {
  readonly calls: number;
  /** Sum of the known costs; undefined when there are billed calls and none has a price. */
  readonly costNanoUsd: bigint | undefined;
  /** Different users and services among these calls; calls that name no user are not counted here. */
  readonly users: number;
  readonly services: number;
  /** All calls of the project in the same time, to compare with. */
  readonly allCalls: number;
}

export async function scopeImpact(
  projectId: string,
  input: ScopeImpactInput,
  target: QueryTarget,
): Promise<ScopeImpact> {
  checkRange(input);
  if (target.source.files.length === 0)
    return { calls: 0, costNanoUsd: 0n, users: 0, services: 0, allCalls: 0 };
  const hit = inScope(input.scope);
  const [row] = await target.duckDb.query(sql`
    SELECT count(*) AS all_calls, count(*) FILTER (WHERE ${hit}) AS calls,
      count(*) FILTER (WHERE billed AND ${hit}) AS billed_calls,
      sum(cost_nano_usd) FILTER (WHERE billed AND ${hit}) AS known_cost,
      count(DISTINCT user_id) FILTER (WHERE ${hit}) AS users,
      count(DISTINCT service_name) FILTER (WHERE ${hit}) AS services
    ${rowsOf(projectId, input, target.source)} AND ${IS_CALL}`);
  return {
    calls: Number(row?.["calls"]),
    costNanoUsd: knownSum(row?.["known_cost"], Number(row?.["billed_calls"])),
    users: Number(row?.["users"]),
    services: Number(row?.["services"]),
    allCalls: Number(row?.["all_calls"]),
  };
}
