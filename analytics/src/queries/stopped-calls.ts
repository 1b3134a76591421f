import { LENSAI } from "@lensai/otel-config/attributes/lensai";
import type { ScopeKey } from "@lensai/otel-config/control/call-scope";
import type { SqlRow } from "../duckdb/connect.ts";
import { column, sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { MODEL, checkCount, checkRange, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { SCOPE_COLUMNS } from "./scope-columns.ts";

export interface StoppedCallsInput extends TimeRange {
  readonly budgetId: string;
  /** By what the calls are grouped, besides the model. */
  readonly by: ScopeKey;
  /** Groups with the most calls. */
  readonly limit: number;
}

/** Calls that have something in common. */
export interface StoppedGroup {
  /** Undefined for calls that do not say. */
  readonly name: string | undefined;
  readonly calls: number;
  readonly lastUnixMs: number;
}

/** What a budget has stopped, by the spans of the guards that did it. A call that is tried again counts each time. */
export interface StoppedCalls {
  /** Were not made. */
  readonly refusedCalls: number;
  /** Were made, and their streams ended early. */
  readonly cutOffCalls: number;
  /** Undefined where none was. */
  readonly firstUnixMs: number | undefined;
  readonly lastUnixMs: number | undefined;
  /** By `cause` of the refusal. */
  readonly causes: readonly StoppedGroup[];
  readonly values: readonly StoppedGroup[];
  readonly models: readonly StoppedGroup[];
}

const GROUPS_MAX = 1_000;
const CAUSES_MAX = 10n;
const NOTHING: StoppedCalls = {
  refusedCalls: 0,
  cutOffCalls: 0,
  firstUnixMs: undefined,
  lastUnixMs: undefined,
  causes: [],
  values: [],
  models: [],
};

/** Groups come with the most calls first. */
export async function stoppedCalls(
  projectId: string,
  input: StoppedCallsInput,
  target: QueryTarget,
): Promise<StoppedCalls> {
  checkRange(input);
  checkCount("limit", input.limit, GROUPS_MAX);
  if (target.source.files.length === 0) return NOTHING;
  const { budgetId, by } = input;
  const limit = BigInt(input.limit);
  // To look into the JSON of a row costs more than to see that it cannot be there.
  const stopped = sql`${rowsOf(projectId, input, target.source)}
    AND budget_decision IN ('refused', 'cut_off') AND contains(attributes, ${budgetId})
    AND ${said(LENSAI.budgetId)} = ${budgetId}`;
  const groupsBy = (name: Sql, most: bigint): Promise<SqlRow[]> =>
    target.duckDb.query(sql`
      SELECT ${name} AS name, count(*) AS calls, max(start_unix_nano) AS last ${stopped}
      GROUP BY 1 ORDER BY calls DESC, name NULLS LAST LIMIT ${most}`);
  const [decisions, causes, values, models] = await Promise.all([
    target.duckDb.query(sql`
      SELECT count(*) FILTER (WHERE budget_decision = 'refused') AS refused,
        count(*) FILTER (WHERE budget_decision = 'cut_off') AS cut_off,
        min(start_unix_nano) AS first, max(start_unix_nano) AS last ${stopped}`),
    groupsBy(said(LENSAI.budgetRefusalCause), CAUSES_MAX),
    groupsBy(column(SCOPE_COLUMNS[by]), limit),
    groupsBy(MODEL, limit),
  ]);
  const [row] = decisions;
  return {
    refusedCalls: Number(row?.["refused"] ?? 0),
    cutOffCalls: Number(row?.["cut_off"] ?? 0),
    firstUnixMs: unixMsOf(row?.["first"]),
    lastUnixMs: unixMsOf(row?.["last"]),
    causes: causes.map((cause) => toGroup(cause)),
    values: values.map((value) => toGroup(value)),
    models: models.map((model) => toGroup(model)),
  };
}

function said(attribute: string): Sql {
  return sql`(attributes ->> ${`$."${attribute}"`})`;
}

function toGroup(row: SqlRow): StoppedGroup {
  return {
    name: (row["name"] as string | null) ?? undefined,
    calls: Number(row["calls"]),
    lastUnixMs: unixMsOf(row["last"]) ?? 0,
  };
}

function unixMsOf(nanos: unknown): number | undefined {
  return typeof nanos === "bigint" ? Number(nanos / 1_000_000n) : undefined;
}
