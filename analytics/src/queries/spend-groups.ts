import { SCOPE_KEYS } from "@lensai/otel-config/control/call-scope";
import type { ScopeValues } from "@lensai/otel-config/control/scope-index";
import type { SqlResult, SqlRow } from "../duckdb/connect.ts";
import { column, commaList, sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { checkRange, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { SCOPE_COLUMNS } from "./scope-columns.ts";

export interface SpendGroupsInput extends TimeRange {
  /** Moments within the range at which a period begins that does not begin with a minute. */
  readonly boundariesUnixMs: readonly number[];
}

/** Records of one minute that are the same to every budget, and to the same side of every boundary. */
export interface SpendGroup {
  /** When the first of them started. */
  readonly startUnixMs: number;
  readonly values: ScopeValues;
  /** That the calls were made with. */
  readonly leaseIds: readonly string[];
  /** That other records of the calls were made with, which these are billed instead of. */
  readonly otherLeaseIds: readonly string[];
  /** What the billed ones cost; of those whose price nobody knows, what the guard has charged. */
  readonly costNanoUsd: bigint;
  /** What the guard has charged for the calls, whether these records or others are billed for them. */
  readonly chargedNanoUsd: bigint;
  /** Billed records whose price nobody knows. */
  readonly unpricedCalls: number;
}

/** How far apart the records of a call may start that are billed for one another: a gateway's clock, a long call. */
export const SAME_CALL_MS = 900_000;

const NANOS_PER_MINUTE = 60_000_000_000n;
const NANOS_PER_MS = 1_000_000n;

/**
 * What was spent, in the least pieces that a ledger of budgets tells apart, in no order. The source should hold
 * `SAME_CALL_MS` more on both sides of the range.
 */
export async function spendGroups(
  projectId: string,
  input: SpendGroupsInput,
  target: QueryTarget,
): Promise<SpendGroup[]> {
  checkRange(input);
  if (target.source.files.length === 0) return [];
  const scope = commaList(SCOPE_KEYS.map((key) => column(SCOPE_COLUMNS[key])));
  const near = {
    fromUnixMs: Math.max(0, input.fromUnixMs - SAME_CALL_MS),
    toUnixMs: input.toUnixMs + SAME_CALL_MS,
  };
  const rows = await target.duckDb.query(sql`
    WITH counted AS (
      SELECT * ${rowsOf(projectId, input, target.source)} AND (billed OR lease_id IS NOT NULL)
    ), instead AS (
      SELECT shadowed_by, string_agg(DISTINCT lease_id, ' ' ORDER BY lease_id) AS other_leases
      ${rowsOf(projectId, near, target.source)} AND lease_id IS NOT NULL AND NOT billed
        AND shadowed_by IS NOT NULL
      GROUP BY shadowed_by
    )
    SELECT start_unix_nano // ${NANOS_PER_MINUTE} AS minute, ${sideOf(input)} AS side,
      ${scope}, lease_id, other_leases, min(start_unix_nano) AS start,
      coalesce(sum(coalesce(cost_nano_usd, charged_nano_usd)) FILTER (WHERE billed), 0) AS cost,
      coalesce(sum(coalesce(charged_nano_usd, cost_nano_usd)), 0) AS charged,
      count(*) FILTER (WHERE billed AND cost_nano_usd IS NULL) AS unpriced
    FROM counted LEFT JOIN instead ON billed AND span_id = instead.shadowed_by
    GROUP BY ALL`);
  return rows.map((row) => toGroup(row));
}

function sideOf({ boundariesUnixMs }: SpendGroupsInput): Sql {
  return boundariesUnixMs.reduce(
    (side, boundary) => sql`${side} + (start_unix_nano >= ${BigInt(boundary) * NANOS_PER_MS})::INT`,
    sql`0`,
  );
}

function toGroup(row: SqlRow): SpendGroup {
  const values = SCOPE_KEYS.map((key) => [key, row[SCOPE_COLUMNS[key]] ?? undefined]);
  return {
    startUnixMs: Number((row["start"] as bigint) / NANOS_PER_MS),
    values: Object.fromEntries(values) as ScopeValues,
    leaseIds: idsOf(row["lease_id"]),
    otherLeaseIds: idsOf(row["other_leases"]),
    costNanoUsd: row["cost"] as bigint,
    chargedNanoUsd: row["charged"] as bigint,
    unpricedCalls: Number(row["unpriced"]),
  };
}

function idsOf(text: SqlResult | undefined): string[] {
  return typeof text === "string" ? [...new Set(text.split(" "))] : [];
}
