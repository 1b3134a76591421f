import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { IS_REPEAT, PRODUCER, toProducer } from "./producer.ts";
import type { Producer } from "./producer.ts";
import {
  IS_BILLED_CALL,
  IS_CALL,
  IS_ESTIMATED,
  checkCount,
  checkRange,
  rowsOf,
} from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

export const MAX_PRODUCERS = 5000;

export interface ProducerFiguresInput extends TimeRange {
  /** How many producers one by one, those with the most calls first. */
  readonly limit: number;
}

/** What was sent and what became of it, in records unless it says otherwise. */
export interface SentFigures {
  /** Spans and log records; points of metrics do not count. */
  readonly records: number;
  /** Model calls, answered or failed. */
  readonly calls: number;
  readonly billedCalls: number;
  readonly failedCalls: number;
  /** Not billed because another record of the same call is. */
  readonly repeatedRecords: number;
  /** Not billed because they sum up calls that are. */
  readonly aggregateRecords: number;
  /** What repeats and sums would have added to the spend had they been billed too; the known part of it. */
  readonly notBilledNanoUsd: bigint;
  /** Billed calls by where their counts come from. */
  readonly reportedCalls: number;
  readonly estimatedCalls: number;
  readonly missingCalls: number;
  /** Billed calls with a price, and the sum of their costs. */
  readonly pricedCalls: number;
  readonly costNanoUsd: bigint;
  /** The part of `costNanoUsd` that comes from estimated counts. */
  readonly estimatedNanoUsd: bigint;
  /** Of the calls with a price: what a token costs on average is their cost over these. */
  readonly pricedTokens: bigint;
  readonly firstUnixMs: number;
  readonly lastUnixMs: number;
}

/** Of one producer. */
export interface ProducerFigures extends Producer, SentFigures {}

/** Of all producers beyond the limit together, so that sums over producers are of all of them. */
export interface OtherProducers extends SentFigures {
  readonly producers: number;
}

export interface RankedProducers {
  readonly producers: readonly ProducerFigures[];
  /** Undefined when there are no more. */
  readonly others: OtherProducers | undefined;
}

export async function producerFigures(
  projectId: string,
  input: ProducerFiguresInput,
  target: QueryTarget,
): Promise<RankedProducers> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_PRODUCERS);
  if (target.source.files.length === 0) return { producers: [], others: undefined };
  const others = BigInt(input.limit) + 1n;
  const rows = await target.duckDb.query(sql`
    WITH sent AS (${sentBy(projectId, input, target)}),
    ranked AS (SELECT *, least(${others}, row_number() OVER (ORDER BY calls DESC, records DESC,
      service_name NULLS LAST, scope_name NULLS LAST, scope_version NULLS LAST, dialect NULLS LAST))
      AS place FROM sent)
    SELECT place, count(*) AS producers,
      any_value(service_name) AS service_name, any_value(scope_name) AS scope_name,
      any_value(scope_version) AS scope_version, any_value(dialect) AS dialect,
      sum(records) AS records, sum(calls) AS calls, sum(billed_calls) AS billed_calls,
      sum(failed_calls) AS failed_calls, sum(repeated) AS repeated, sum(aggregates) AS aggregates,
      sum(not_billed_cost) AS not_billed_cost, sum(reported) AS reported,
      sum(estimated) AS estimated, sum(missing) AS missing, sum(priced) AS priced,
      sum(cost) AS cost, sum(estimated_cost) AS estimated_cost,
      sum(priced_tokens) AS priced_tokens,
      min(first_nano) AS first_nano, max(last_nano) AS last_nano
    FROM ranked GROUP BY place ORDER BY place`);
  const rest = rows.find((row) => row["place"] === others);
  return {
    producers: rows.filter((row) => row !== rest).map((row) => toProducerFigures(row)),
    others: rest && { producers: Number(rest["producers"]), ...toFigures(rest) },
  };
}

/** A row for each producer. */
function sentBy(projectId: string, range: TimeRange, { source }: QueryTarget): Sql {
  return sql`SELECT ${PRODUCER},
    count(*) AS records,
    count(*) FILTER (WHERE ${IS_CALL}) AS calls,
    count(*) FILTER (WHERE ${IS_BILLED_CALL}) AS billed_calls,
    count(*) FILTER (WHERE bill_rule = 'failed') AS failed_calls,
    count(*) FILTER (WHERE ${IS_REPEAT}) AS repeated,
    count(*) FILTER (WHERE NOT billed AND bill_rule = 'aggregate') AS aggregates,
    sum(cost_nano_usd) FILTER (WHERE NOT billed) AS not_billed_cost,
    count(*) FILTER (WHERE ${IS_BILLED_CALL} AND usage_source IN ('reported', 'derived')) AS reported,
    count(*) FILTER (WHERE ${IS_BILLED_CALL} AND ${IS_ESTIMATED}) AS estimated,
    count(*) FILTER (WHERE ${IS_BILLED_CALL} AND usage_source = 'missing') AS missing,
    count(cost_nano_usd) FILTER (WHERE ${IS_BILLED_CALL}) AS priced,
    sum(cost_nano_usd) FILTER (WHERE billed) AS cost,
    sum(cost_nano_usd) FILTER (WHERE ${IS_ESTIMATED}) AS estimated_cost,
    sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0))
      FILTER (WHERE billed AND cost_nano_usd IS NOT NULL) AS priced_tokens,
    min(start_unix_nano) AS first_nano, max(start_unix_nano) AS last_nano
    ${rowsOf(projectId, range, source)} AND (signal <> 'metric' OR billed)
    GROUP BY ALL`;
}

const NANOS_PER_MS = 1_000_000n;

function toProducerFigures(row: SqlRow): ProducerFigures {
  return { ...toProducer(row), ...toFigures(row) };
}

function toFigures(row: SqlRow): SentFigures {
  const count = (name: string): number => Number(row[name] ?? 0);
  const sum = (name: string): bigint => (row[name] as bigint | null) ?? 0n;
  return {
    records: count("records"),
    calls: count("calls"),
    billedCalls: count("billed_calls"),
    failedCalls: count("failed_calls"),
    repeatedRecords: count("repeated"),
    aggregateRecords: count("aggregates"),
    notBilledNanoUsd: sum("not_billed_cost"),
    reportedCalls: count("reported"),
    estimatedCalls: count("estimated"),
    missingCalls: count("missing"),
    pricedCalls: count("priced"),
    costNanoUsd: sum("cost"),
    estimatedNanoUsd: sum("estimated_cost"),
    pricedTokens: sum("priced_tokens"),
    firstUnixMs: Number(sum("first_nano") / NANOS_PER_MS),
    lastUnixMs: Number(sum("last_nano") / NANOS_PER_MS),
  };
}
