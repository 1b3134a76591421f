import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import { MODEL, checkCount, checkRange, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

const NANOS_PER_MS = 1_000_000n;
/** How far before the range the previous point of a cumulative series is looked for. */
const LOOK_BACK_MS = 60 * 60_000;
export const MAX_METRIC_ROWS = 1000;

export interface TokenMetricsInput extends TimeRange {
  /** How many groups, largest increase first. */
  readonly limit: number;
}

/** How much a counter grew within the range, by metric, model and kind of token. */
export interface MetricIncrease {
  /** Name of the instrument. */
  readonly metric: string;
  /** UCUM, as reported. */
  readonly unit: string | undefined;
  readonly model: string | undefined;
  /** gen_ai.token.type: input or output. */
  readonly tokenType: string | undefined;
  /** In `unit`. */
  readonly increase: number;
  /** Points that the increase was computed from. */
  readonly points: number;
}

/**
 * Increases of the metrics that were reported. A delta point counts as it is. A cumulative point counts
 * by what it grew since the point before it of the same series; after a reset (its start time moved, or
 * its value fell) it counts from zero; the first point of a series counts nothing, because nobody knows
 * when it was collected. Gauges do not increase. (OpenTelemetry metrics data model, "Sums" and "Resets
 * and gaps".)
 */
export async function tokenMetrics(
  projectId: string,
  input: TokenMetricsInput,
  target: QueryTarget,
): Promise<MetricIncrease[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_METRIC_ROWS);
  if (target.source.files.length === 0) return [];
  const { toUnixMs } = input;
  const scanned = { fromUnixMs: Math.max(0, input.fromUnixMs - LOOK_BACK_MS), toUnixMs };
  const rows = await target.duckDb.query(sql`
    WITH points AS (
      SELECT span_name AS metric, start_unix_nano AS point_nano, ${MODEL} AS model,
        attributes ->> '$."metric.unit"' AS unit,
        attributes ->> '$."gen_ai.token.type"' AS token_type,
        attributes ->> '$."metric.temporality"' AS temporality,
        attributes ->> '$."metric.series"' AS series,
        TRY_CAST(attributes ->> '$."metric.start_unix_nano"' AS BIGINT) AS started,
        TRY_CAST(attributes ->> '$."metric.value"' AS DOUBLE) AS point_value
      ${rowsOf(projectId, scanned, target.source)} AND signal = 'metric'
    ), pairs AS (
      SELECT *, lag(point_value) OVER series_order AS previous_value,
        lag(started) OVER series_order AS previous_started
      FROM points WHERE point_value IS NOT NULL
      WINDOW series_order AS (PARTITION BY metric, temporality, series ORDER BY point_nano)
    ), increases AS (
      SELECT *, CASE
        WHEN temporality = 'delta' THEN point_value
        WHEN temporality <> 'cumulative' OR previous_value IS NULL THEN NULL
        WHEN started IS DISTINCT FROM previous_started OR point_value < previous_value THEN point_value
        ELSE point_value - previous_value END AS increase
      FROM pairs WHERE point_nano >= ${BigInt(input.fromUnixMs) * NANOS_PER_MS}
    )
    SELECT metric, unit, model, token_type, sum(increase) AS increase, count(increase) AS points
    FROM increases WHERE increase IS NOT NULL
    GROUP BY metric, unit, model, token_type
    ORDER BY increase DESC, metric, model NULLS LAST, token_type NULLS LAST
    LIMIT ${BigInt(input.limit)}`);
  return rows.map((row) => toIncrease(row));
}

function toIncrease(row: SqlRow): MetricIncrease {
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  return {
    metric: text("metric") ?? "",
    unit: text("unit"),
    model: text("model"),
    tokenType: text("token_type"),
    increase: Number(row["increase"]),
    points: Number(row["points"]),
  };
}
