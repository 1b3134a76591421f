import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
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
  /** How many producers, those with the most calls first. */
  readonly limit: number;
}

/** What one producer sent and what became of it, in records unless it says otherwise. */
export interface ProducerFigures extends Producer {
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

export async function producerFigures(
  projectId: string,
  input: ProducerFiguresInput,
  target: QueryTarget,
): Promise<ProducerFigures[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_PRODUCERS);
  if (target.source.files.length === 0) return [];
  const rows = await target.duckDb.query(sql`SELECT ${PRODUCER},
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
    ${rowsOf(projectId, input, target.source)} AND (signal <> 'metric' OR billed)
    GROUP BY ALL
    ORDER BY calls DESC, records DESC, service_name NULLS LAST, scope_name NULLS LAST,
      scope_version NULLS LAST, dialect NULLS LAST
    LIMIT ${BigInt(input.limit)}`);
  return rows.map((row) => toFigures(row));
}

const NANOS_PER_MS = 1_000_000n;

function toFigures(row: SqlRow): ProducerFigures {
  const count = (name: string): number => Number(row[name] ?? 0);
  const sum = (name: string): bigint => (row[name] as bigint | null) ?? 0n;
  return {
    ...toProducer(row),
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
