import type { CallScope } from "@lensai/otel-config/control/call-scope";
import { sql } from "../duckdb/sql.ts";
import { checkRange, invalid, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { inScope } from "./scope-condition.ts";

const MINUTE_MS = 60_000;
const NANOS_PER_MS = 1_000_000n;
/** Ten weeks of hours, and more points than any chart has pixels for. */
export const SERIES_BUCKETS_MAX = 2000;

export interface ScopeCostSeriesInput extends TimeRange {
  readonly scope: CallScope;
  /** At least a minute. The first bucket starts at `fromUnixMs`; the last may be cut short by `toUnixMs`. */
  readonly intervalMs: number;
}

/** What the calls of a scope cost in each bucket, by when they started; what has no price is not in it. */
export async function scopeCostSeries(
  projectId: string,
  input: ScopeCostSeriesInput,
  target: QueryTarget,
): Promise<bigint[]> {
  checkRange(input);
  const { fromUnixMs, toUnixMs, intervalMs, scope } = input;
  const buckets = Math.ceil((toUnixMs - fromUnixMs) / intervalMs);
  if (!Number.isInteger(intervalMs) || intervalMs < MINUTE_MS || buckets > SERIES_BUCKETS_MAX) {
    throw invalid(
      `"intervalMs" is ${intervalMs}: give a minute (60000) or more, for at most ${SERIES_BUCKETS_MAX} buckets`,
    );
  }
  const series = Array.from({ length: buckets }, () => 0n);
  if (target.source.files.length === 0) return series;
  const from = BigInt(fromUnixMs) * NANOS_PER_MS;
  const rows = await target.duckDb.query(sql`
    SELECT (start_unix_nano - ${from}) // ${BigInt(intervalMs) * NANOS_PER_MS} AS bucket,
      sum(cost_nano_usd) AS cost
    ${rowsOf(projectId, input, target.source)} AND billed AND cost_nano_usd IS NOT NULL
      AND ${inScope(scope)}
    GROUP BY bucket`);
  for (const row of rows) series[Number(row["bucket"])] = row["cost"] as bigint;
  return series;
}
