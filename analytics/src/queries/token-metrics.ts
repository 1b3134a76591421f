import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import { metricIncreases } from "./metric-increases.ts";
import { checkCount, checkRange } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

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

/** Increases of the metrics that were reported; see `metricIncreases` for what counts. */
export async function tokenMetrics(
  projectId: string,
  input: TokenMetricsInput,
  target: QueryTarget,
): Promise<MetricIncrease[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_METRIC_ROWS);
  const { source } = target;
  if (source.files.length === 0) return [];
  const rows = await target.duckDb.query(sql`
    SELECT metric, attributes ->> '$."metric.unit"' AS unit, model,
      attributes ->> '$."gen_ai.token.type"' AS token_type,
      sum(increase) AS increase, count(increase) AS points
    FROM ${metricIncreases(projectId, { ...input, filter: sql`true`, isYoungSeriesCounted: false }, source)}
    WHERE increase IS NOT NULL
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
