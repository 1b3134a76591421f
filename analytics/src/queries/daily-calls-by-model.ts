import { sql } from "../duckdb/sql.ts";
import type { SqlRow } from "../duckdb/connect.ts";
import { IS_BILLED_CALL, IS_ESTIMATED, MODEL, checkRange, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

const DAY_NANOS = 86_400_000_000_000n;
const DAY_MS = 86_400_000;

/** What was billed of one model on one day, in UTC: sums of what is known, undefined when nothing of it is. */
export interface DailyCalls {
  /** `2026-11-24` */
  readonly day: string;
  readonly provider: string | undefined;
  /** The model that answered, else the one asked for. */
  readonly model: string | undefined;
  readonly calls: number;
  /** Of these, with counts that are not the provider's. */
  readonly estimatedCalls: number;
  /** Of these, without a cost. */
  readonly unpricedCalls: number;
  /** Some of the figures are a metric's, of nobody knows how many calls. */
  readonly isMetered: boolean;
  readonly costNanoUsd: bigint | undefined;
  /** All input, cached included. */
  readonly inputTokens: bigint | undefined;
  readonly cacheReadTokens: bigint | undefined;
  readonly cacheWriteTokens: bigint | undefined;
  readonly outputTokens: bigint | undefined;
}

/** The billed calls of a project by day, provider and model, in that order. */
export async function dailyCallsByModel(
  projectId: string,
  range: TimeRange,
  target: QueryTarget,
): Promise<DailyCalls[]> {
  checkRange(range);
  if (target.source.files.length === 0) return [];
  const rows = await target.duckDb.query(sql`
    SELECT start_unix_nano // ${DAY_NANOS} AS day, provider, ${MODEL} AS model,
      count(*) FILTER (WHERE ${IS_BILLED_CALL}) AS calls,
      count(*) FILTER (WHERE ${IS_BILLED_CALL} AND ${IS_ESTIMATED}) AS estimated,
      count(*) FILTER (WHERE ${IS_BILLED_CALL} AND cost_nano_usd IS NULL) AS unpriced,
      bool_or(signal = 'metric') AS is_metered,
      sum(cost_nano_usd) AS cost, sum(input_tokens) AS input_sum, sum(output_tokens) AS output_sum,
      sum(cache_read_tokens) AS cache_read,
      sum(coalesce(cache_write_5m_tokens, 0) + coalesce(cache_write_1h_tokens, 0)) FILTER (WHERE
        cache_write_5m_tokens IS NOT NULL OR cache_write_1h_tokens IS NOT NULL) AS cache_write
    ${rowsOf(projectId, range, target.source)} AND billed
    GROUP BY ALL ORDER BY day, provider NULLS LAST, model NULLS LAST`);
  return rows.map((row) => toCalls(row));
}

function toCalls(row: SqlRow): DailyCalls {
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  const sum = (name: string): bigint | undefined => (row[name] as bigint | null) ?? undefined;
  return {
    day: new Date(Number(row["day"]) * DAY_MS).toISOString().slice(0, 10),
    provider: text("provider"),
    model: text("model"),
    calls: Number(row["calls"]),
    estimatedCalls: Number(row["estimated"]),
    unpricedCalls: Number(row["unpriced"]),
    isMetered: row["is_metered"] === true,
    costNanoUsd: sum("cost"),
    inputTokens: sum("input_sum"),
    cacheReadTokens: sum("cache_read"),
    cacheWriteTokens: sum("cache_write"),
    outputTokens: sum("output_sum"),
  };
}
