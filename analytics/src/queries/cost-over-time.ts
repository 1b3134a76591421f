import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import { dimensionOf, isOfFilter } from "./call-dimensions.ts";
import type { CallDimension, CallFilter } from "./call-dimensions.ts";
import {
  IS_BILLED_CALL,
  checkCount,
  checkRange,
  invalid,
  knownSum,
  rowsOf,
} from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const NANOS_PER_MS = 1_000_000n;
/** More points than any chart has pixels for. */
export const MAX_BUCKETS = 2000;
export const MAX_SERIES = 50;

export interface CostOverTimeInput extends TimeRange {
  /** Width of a bucket, one minute to one day. Buckets start at multiples of it since the epoch, in UTC. */
  readonly intervalMs: number;
  /** What a series is: the calls of one model, user, team, ... */
  readonly by: CallDimension;
  /** How many values get a series of their own; the others are summed up. */
  readonly series: number;
  readonly filter?: CallFilter;
}

/** Cost by time and, say, model. Every series has one element per bucket, empty buckets included. */
export interface CostOverTime {
  readonly bucketUnixMs: readonly number[];
  /** Dearest first, the sum of the remaining ones (`other`) last; values without calls are absent. */
  readonly series: readonly CostSeries[];
}

export interface CostSeries {
  /** undefined: calls that have no value there, or (`kind` other) the sum of the remaining ones. */
  readonly key: string | undefined;
  readonly kind: "value" | "other";
  /** 0n in a bucket without calls; undefined where there are calls and none has a price. */
  readonly costNanoUsd: readonly (bigint | undefined)[];
  readonly calls: readonly number[];
  readonly unpricedCalls: readonly number[];
}

export async function costOverTime(
  projectId: string,
  input: CostOverTimeInput,
  target: QueryTarget,
): Promise<CostOverTime> {
  const bucketUnixMs = bucketsOf(input);
  checkCount("series", input.series, MAX_SERIES);
  if (target.source.files.length === 0) return { bucketUnixMs, series: [] };
  const rows = await target.duckDb.query(sql`
    WITH grouped AS (
      SELECT start_unix_nano // ${BigInt(input.intervalMs) * NANOS_PER_MS} AS bucket,
        ${dimensionOf(input.by)} AS value, sum(cost_nano_usd) AS cost, count(*) AS billed_rows,
        count(*) FILTER (WHERE ${IS_BILLED_CALL}) AS calls,
        count(cost_nano_usd) FILTER (WHERE ${IS_BILLED_CALL}) AS priced
      ${rowsOf(projectId, input, target.source)} AND billed
        AND ${isOfFilter(input.filter)}
      GROUP BY ALL
    ), ranked AS (
      SELECT value, least(${BigInt(input.series + 1)}, row_number() OVER (
        ORDER BY sum(cost) DESC NULLS LAST, sum(calls) DESC, value ASC NULLS LAST)) AS place
      FROM grouped GROUP BY value
    )
    SELECT place, bucket, sum(cost) AS cost, sum(billed_rows) AS billed_rows, sum(calls) AS calls, sum(priced) AS priced,
      CASE WHEN place <= ${BigInt(input.series)} THEN any_value(grouped.value) END AS value
    FROM grouped JOIN ranked ON grouped.value IS NOT DISTINCT FROM ranked.value
    GROUP BY place, bucket ORDER BY place, bucket`);
  return { bucketUnixMs, series: toSeries(rows, { ...input, bucketUnixMs }) };
}

function bucketsOf(input: CostOverTimeInput): number[] {
  checkRange(input);
  const { intervalMs, fromUnixMs, toUnixMs } = input;
  if (!Number.isInteger(intervalMs) || intervalMs < MINUTE_MS || intervalMs > DAY_MS) {
    throw invalid(`"intervalMs" is ${intervalMs}: give one minute (60000) to one day (86400000)`);
  }
  const first = Math.floor(fromUnixMs / intervalMs);
  const last = Math.ceil(toUnixMs / intervalMs);
  if (last - first > MAX_BUCKETS) {
    throw invalid(
      `${last - first} buckets are too many (at most ${MAX_BUCKETS}): widen "intervalMs"`,
    );
  }
  return Array.from({ length: last - first }, (_, index) => (first + index) * intervalMs);
}

function toSeries(
  rows: readonly SqlRow[],
  input: CostOverTimeInput & { readonly bucketUnixMs: readonly number[] },
): CostSeries[] {
  const first = (input.bucketUnixMs[0] ?? 0) / input.intervalMs;
  const places = Map.groupBy(rows, (row) => Number(row["place"]));
  return Array.from(places, ([place, ofPlace]): CostSeries => {
    const byBucket = new Map(ofPlace.map((row) => [Number(row["bucket"]) - first, row]));
    const cells = input.bucketUnixMs.map((_, bucket) => toCell(byBucket.get(bucket)));
    return {
      key: (ofPlace[0]?.["value"] as string | null) ?? undefined,
      kind: place > input.series ? "other" : "value",
      costNanoUsd: cells.map((cell) => cell.costNanoUsd),
      calls: cells.map((cell) => cell.calls),
      unpricedCalls: cells.map((cell) => cell.unpricedCalls),
    };
  });
}

function toCell(row: SqlRow | undefined): {
  costNanoUsd: bigint | undefined;
  calls: number;
  unpricedCalls: number;
} {
  const calls = Number(row?.["calls"] ?? 0);
  const unpricedCalls = calls - Number(row?.["priced"] ?? 0);
  const billedRows = Number(row?.["billed_rows"] ?? 0);
  return { costNanoUsd: knownSum(row?.["cost"], billedRows), calls, unpricedCalls };
}
