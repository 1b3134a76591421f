import type { CallScope } from "@lensai/otel-config/control/call-scope";
import { commaList, sql } from "../duckdb/sql.ts";
import { checkCount, checkRange, invalid, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { inScope } from "./scope-condition.ts";

const MINUTE_MS = 60_000;
const NANOS_PER_MS = 1_000_000n;
/** Ten weeks of hours, and more points than any chart has pixels for. */
export const SERIES_BUCKETS_MAX = 2000;
export const SERIES_SCOPES_MAX = 100;

export interface ScopeCostSeriesInput extends TimeRange {
  readonly scopes: readonly CallScope[];
  /** At least a minute. The first bucket starts at `fromUnixMs`; the last may be cut short by `toUnixMs`. */
  readonly intervalMs: number;
}

/**
 * What the calls of each scope cost in each bucket, by when they started; what has no price is not in it. The answers
 * stand in the order of the scopes. One pass over the rows of all of them.
 */
export async function scopeCostSeries(
  projectId: string,
  input: ScopeCostSeriesInput,
  target: QueryTarget,
): Promise<bigint[][]> {
  checkRange(input);
  const { fromUnixMs, toUnixMs, intervalMs, scopes } = input;
  const buckets = Math.ceil((toUnixMs - fromUnixMs) / intervalMs);
  if (!Number.isInteger(intervalMs) || intervalMs < MINUTE_MS || buckets > SERIES_BUCKETS_MAX) {
    throw invalid(
      `"intervalMs" is ${intervalMs}: give a minute (60000) or more, for at most ${SERIES_BUCKETS_MAX} buckets`,
    );
  }
  const series = scopes.map(() => Array.from({ length: buckets }, () => 0n));
  if (scopes.length === 0 || target.source.files.length === 0) return series;
  checkCount("scopes", scopes.length, SERIES_SCOPES_MAX);
  const from = BigInt(fromUnixMs) * NANOS_PER_MS;
  const costs = scopes.map((scope) => sql`sum(cost_nano_usd) FILTER (WHERE ${inScope(scope)})`);
  const rows = await target.duckDb.query(sql`
    SELECT (start_unix_nano - ${from}) // ${BigInt(intervalMs) * NANOS_PER_MS} AS bucket,
      [${commaList(costs)}] AS costs
    ${rowsOf(projectId, input, target.source)} AND billed AND cost_nano_usd IS NOT NULL
    GROUP BY bucket`);
  for (const row of rows) {
    const bucket = Number(row["bucket"]);
    const cells = row["costs"] as readonly (bigint | null)[];
    for (const [at, ofScope] of series.entries()) ofScope[bucket] = cells[at] ?? 0n;
  }
  return series;
}
