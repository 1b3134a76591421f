import { sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { MODEL, rowsOf } from "./query-source.ts";
import type { QuerySource, TimeRange } from "./query-source.ts";

const NANOS_PER_MS = 1_000_000n;
/** How far before the range the previous point of a cumulative series is looked for. */
const LOOK_BACK_MS = 60 * 60_000;

/** Which points: those for which `filter` holds, an SQL condition over the columns of a row. */
export interface IncreaseInput extends TimeRange {
  readonly filter: Sql;
  /**
   * The first point of a cumulative series that began within the hour before the range or later counts in
   * full: everything in it happened since. For counters of what must not go unseen; without it, first points
   * count nothing.
   */
  readonly isYoungSeriesCounted: boolean;
}

/**
 * What counters grew by within a range, as SQL for use behind FROM: one row per point that grew, with the
 * columns metric, service_name, scope_name, scope_version, dialect, error_type, model, attributes, increase.
 *
 * A delta point counts as it is. A cumulative point counts by what it grew since the point before it of the
 * same series; after a reset (its start time moved, or its value fell) it counts from zero. The first point of
 * a series counts nothing, because nobody knows when it was counted. Gauges do not increase. (OpenTelemetry metrics data model, "Sums"
 * and "Resets and gaps".)
 */
export function metricIncreases(
  projectId: string,
  { fromUnixMs, toUnixMs, filter, isYoungSeriesCounted }: IncreaseInput,
  source: QuerySource,
): Sql {
  const scanned = { fromUnixMs: Math.max(0, fromUnixMs - LOOK_BACK_MS), toUnixMs };
  return sql`(
    WITH points AS (
      SELECT span_name AS metric, start_unix_nano AS point_nano, ${MODEL} AS model, service_name,
        scope_name, scope_version, dialect, error_type, attributes,
        attributes ->> '$."metric.temporality"' AS temporality,
        attributes ->> '$."metric.series"' AS series,
        TRY_CAST(attributes ->> '$."metric.start_unix_nano"' AS BIGINT) AS started,
        TRY_CAST(attributes ->> '$."metric.value"' AS DOUBLE) AS point_value
      ${rowsOf(projectId, scanned, source)} AND signal = 'metric' AND ${filter}
    ), pairs AS (
      SELECT *, lag(point_value) OVER series_order AS previous_value,
        lag(started) OVER series_order AS previous_started
      FROM points WHERE point_value IS NOT NULL
      WINDOW series_order AS (PARTITION BY metric, temporality, series ORDER BY point_nano)
    )
    SELECT *, CASE
      WHEN temporality = 'delta' THEN point_value
      WHEN temporality <> 'cumulative' THEN NULL
      WHEN previous_value IS NULL THEN
        CASE WHEN ${isYoungSeriesCounted} AND started >= ${BigInt(scanned.fromUnixMs) * NANOS_PER_MS} THEN point_value END
      WHEN started IS DISTINCT FROM previous_started OR point_value < previous_value THEN point_value
      ELSE point_value - previous_value END AS increase
    FROM pairs WHERE point_nano >= ${BigInt(fromUnixMs) * NANOS_PER_MS}
  )`;
}
