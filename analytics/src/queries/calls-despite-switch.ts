import type { CallScope } from "@lensai/otel-config/control/call-scope";
import { sql } from "../duckdb/sql.ts";
import type { SqlRow } from "../duckdb/connect.ts";
import { IS_BILLED_CALL, checkCount, checkRange, knownSum, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { inScope } from "./scope-condition.ts";

/** A kill-switch, and when it was on. */
export interface CallsDespiteSwitchInput extends TimeRange {
  readonly scope: CallScope;
  /** Services with the most calls. */
  readonly limit: number;
}

/** What one service has called while a switch was on that is about such calls. */
export interface CallsDespiteSwitch {
  readonly serviceName: string | undefined;
  readonly calls: number;
  /** Those of them that a guard has let pass: its process had not heard of the switch, or could not stop the call. */
  readonly guardedCalls: number;
  /** Sum of the known costs; undefined when none has a price. */
  readonly costNanoUsd: bigint | undefined;
}

const SERVICES_MAX = 1_000;

/** Calls that were made in a time in which they were to be stopped, by service, those with the most first. */
export async function callsDespiteSwitch(
  projectId: string,
  input: CallsDespiteSwitchInput,
  target: QueryTarget,
): Promise<CallsDespiteSwitch[]> {
  checkRange(input);
  checkCount("limit", input.limit, SERVICES_MAX);
  if (target.source.files.length === 0) return [];
  const rows = await target.duckDb.query(sql`
    SELECT service_name, count(*) AS calls, count(budget_decision) AS guarded, sum(cost_nano_usd) AS cost
    ${rowsOf(projectId, input, target.source)} AND ${IS_BILLED_CALL} AND ${inScope(input.scope)}
    GROUP BY service_name ORDER BY calls DESC, service_name LIMIT ${BigInt(input.limit)}`);
  return rows.map((row) => toCalls(row));
}

function toCalls(row: SqlRow): CallsDespiteSwitch {
  const calls = Number(row["calls"]);
  return {
    serviceName: (row["service_name"] as string | null) ?? undefined,
    calls,
    guardedCalls: Number(row["guarded"]),
    costNanoUsd: knownSum(row["cost"], calls),
  };
}
