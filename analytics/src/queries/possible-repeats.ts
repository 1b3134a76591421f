import { modelFamily } from "@lensai/otel-config/billing/model-family";
import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { PRODUCER, toProducer } from "./producer.ts";
import type { Producer } from "./producer.ts";
import { IS_BILLED_CALL, MODEL, checkRange, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

/**
 * Billed calls that may be the same as calls of another service: a gateway that starts a trace of its own, say. Two
 * services may also make equal calls at the same time, so nothing is taken off the bill for it; it is only said.
 */
export interface PossibleRepeats extends Producer {
  /** Of the calls around them, which last longer. */
  readonly callerServiceName: string | undefined;
  readonly calls: number;
  /** Of those with a price: what is billed twice if they are the same. */
  readonly costNanoUsd: bigint;
}

/** Between the clocks of two machines. */
const CLOCK_TOLERANCE_NANOS = 250_000_000n;
/** Calls with equal counts that are looked at on each side of one: enough for a few at the same time. */
const NEIGHBOURS = sql`ROWS BETWEEN 8 PRECEDING AND 8 FOLLOWING`;

/** Billed calls whose counts come from the provider: those of a guess are equal by chance. */
export const IS_COUNTED_CALL: Sql = sql`(${IS_BILLED_CALL} AND signal = 'span'
  AND usage_source IN ('reported', 'derived') AND input_tokens > 0)`;

/** What tells whether two calls may be one: a struct. */
export const CALL_FACTS: Sql = sql`struct_pack(
  service := coalesce(service_name, ''), trace_id := trace_id, response_id := response_id, model := ${MODEL},
  start_nano := start_unix_nano, end_nano := start_unix_nano + coalesce(duration_ns, 0),
  input := input_tokens, output := coalesce(output_tokens, 0))`;

const lasts = (call: Sql): Sql => sql`(${call}.end_nano - ${call}.start_nano)`;

/**
 * Is `outer` (of another service, with equal counts) around `inner`? In one trace, or with two response ids, billing
 * knows what they are to one another.
 */
export function isAround(outer: Sql, inner: Sql): Sql {
  return sql`${outer}.service <> ${inner}.service AND ${outer}.trace_id <> ${inner}.trace_id
    AND (${outer}.response_id IS NULL OR ${inner}.response_id IS NULL)
    AND ${outer}.start_nano <= ${inner}.start_nano + ${CLOCK_TOLERANCE_NANOS}
    AND ${outer}.end_nano >= ${inner}.end_nano - ${CLOCK_TOLERANCE_NANOS}
    AND (${lasts(outer)} > ${lasts(inner)}
      OR (${lasts(outer)} = ${lasts(inner)} AND ${outer}.service < ${inner}.service))`;
}

/** Those with the highest cost first. */
export async function possibleRepeats(
  projectId: string,
  input: TimeRange,
  target: QueryTarget,
): Promise<PossibleRepeats[]> {
  checkRange(input);
  if (target.source.files.length === 0) return [];
  const rows = await target.duckDb.query(sql`
    WITH calls AS (
      SELECT ${PRODUCER}, ${CALL_FACTS} AS facts, cost_nano_usd
      ${rowsOf(projectId, input, target.source)} AND ${IS_COUNTED_CALL}
    ), shared AS (
      SELECT facts.input AS input, facts.output AS output FROM calls
      GROUP BY ALL HAVING min(facts.service) <> max(facts.service)
    ), near AS (
      SELECT *, list(facts) OVER (
        PARTITION BY facts.input, facts.output ORDER BY facts.start_nano ${NEIGHBOURS}) AS others
      FROM calls SEMI JOIN shared ON calls.facts.input = shared.input AND calls.facts.output = shared.output
    ), found AS (
      SELECT *, list_filter(others, lambda other : ${isAround(sql`other`, sql`facts`)})[1] AS caller FROM near
    )
    SELECT ${PRODUCER}, caller.service AS caller, facts.model AS model, caller.model AS caller_model,
      count(*) AS calls, sum(cost_nano_usd) AS cost
    FROM found WHERE caller IS NOT NULL GROUP BY ALL ORDER BY cost DESC NULLS LAST, calls DESC, service_name`);
  return summedUp(rows.filter((row) => mayBeSameModel(row["model"], row["caller_model"])));
}

export function mayBeSameModel(left: unknown, right: unknown): boolean {
  if (typeof left !== "string" || typeof right !== "string") return true;
  return modelFamily(left) === modelFamily(right);
}

/** One per producer and caller, whatever the models. */
function summedUp(rows: readonly SqlRow[]): PossibleRepeats[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify([toProducer(row), row["caller"]]));
  return Array.from(groups.values(), (group) => ({
    ...toProducer(group[0] as SqlRow),
    callerServiceName: (group[0]?.["caller"] as string) || undefined,
    calls: group.reduce((sum, row) => sum + Number(row["calls"]), 0),
    costNanoUsd: group.reduce((sum, row) => sum + ((row["cost"] as bigint | null) ?? 0n), 0n),
  }));
}
