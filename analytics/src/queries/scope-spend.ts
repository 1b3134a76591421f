import type { CallScope } from "@lensai/otel-config/control/call-scope";
import type { SqlRow } from "../duckdb/connect.ts";
import { commaList, sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { IS_BILLED_CALL, checkCount, checkRange, knownSum, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { inScope } from "./scope-condition.ts";

/** More in one statement take the database longer to read than to answer. */
export const SPENDS_ASKED_MAX = 100;
const NANOS_PER_MS = 1_000_000n;

export interface ScopeSpendInput extends TimeRange {
  readonly scope: CallScope;
}

/** What the calls of a scope cost that started within a time. */
export interface ScopeSpend {
  /** Sum of the known costs; undefined when something was billed and nothing of it has a price. */
  readonly costNanoUsd: bigint | undefined;
  /** Billed calls, and those of them whose price is unknown. */
  readonly calls: number;
  readonly unpricedCalls: number;
}

const NOTHING: ScopeSpend = { costNanoUsd: 0n, calls: 0, unpricedCalls: 0 };

/** The answers stand in the order of the questions. One pass over the rows of all of them. */
export async function scopeSpend(
  projectId: string,
  inputs: readonly ScopeSpendInput[],
  target: QueryTarget,
): Promise<ScopeSpend[]> {
  if (inputs.length === 0) return [];
  checkCount("inputs", inputs.length, SPENDS_ASKED_MAX);
  for (const input of inputs) checkRange(input);
  if (target.source.files.length === 0) return inputs.map(() => NOTHING);
  const all = {
    fromUnixMs: Math.min(...inputs.map(({ fromUnixMs }) => fromUnixMs)),
    toUnixMs: Math.max(...inputs.map(({ toUnixMs }) => toUnixMs)),
  };
  const columns = inputs.map((input) => columnsOf(input));
  const [row = {}] = await target.duckDb.query(
    sql`SELECT [${commaList(columns)}] AS spends ${rowsOf(projectId, all, target.source)} AND billed`,
  );
  return (row["spends"] as unknown as readonly SqlRow[]).map((spend) => toSpend(spend));
}

function columnsOf({ scope, fromUnixMs, toUnixMs }: ScopeSpendInput): Sql {
  const hit = sql`${inScope(scope)}
    AND start_unix_nano >= ${BigInt(fromUnixMs) * NANOS_PER_MS}
    AND start_unix_nano < ${BigInt(toUnixMs) * NANOS_PER_MS}`;
  return sql`{
    cost: sum(cost_nano_usd) FILTER (WHERE ${hit}),
    billed_rows: count(*) FILTER (WHERE ${hit}),
    calls: count(*) FILTER (WHERE ${IS_BILLED_CALL} AND ${hit}),
    priced: count(cost_nano_usd) FILTER (WHERE ${IS_BILLED_CALL} AND ${hit})
  }`;
}

function toSpend(row: SqlRow): ScopeSpend {
  const calls = Number(row["calls"]);
  return {
    costNanoUsd: knownSum(row["cost"], Number(row["billed_rows"])),
    calls,
    unpricedCalls: calls - Number(row["priced"]),
  };
}
