import { LensError } from "@lensai/otel-config/errors";
import type { DuckDb, SqlResult } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { correctedRows, withNewColumns } from "./corrected-rows.ts";

/** Longest range of one query: a year and what belongs to its edges. */
export const MAX_RANGE_DAYS = 400;
const DAY_MS = 86_400_000;
const NANOS_PER_MS = 1_000_000n;
/** 2262-04-11: the last whole millisecond whose nanoseconds fit the int64 of `start_unix_nano`. */
export const MAX_UNIX_MS = 9_223_372_036_854;

/** The lake files that can hold rows of the project and time asked for, as local paths, in any order. */
export interface QuerySource {
  readonly files: readonly string[];
  /** Files of new verdicts on rows of these files. */
  readonly corrections?: readonly string[];
  /** When the rows of each file start, in the order of `files`: lets a query leave files unopened. */
  readonly bounds?: readonly TimeRange[];
  /** All files have the same columns. Otherwise the columns of all of them are compared first. */
  readonly isUniform?: boolean;
  /** Some file is of an older row version. */
  readonly hasOldRows?: boolean;
}

/** What a query runs on. */
export interface QueryTarget {
  readonly duckDb: DuckDb;
  readonly source: QuerySource;
}

/** Start times from `fromUnixMs` up to, and not including, `toUnixMs` (ms since the epoch, UTC). */
export interface TimeRange {
  readonly fromUnixMs: number;
  readonly toUnixMs: number;
}

/** Refuses ranges that are empty, reversed, not whole, too late or too long, with `query.invalid`. */
export function checkRange(range: TimeRange): void {
  const { fromUnixMs, toUnixMs } = range;
  if (!Number.isSafeInteger(fromUnixMs) || !Number.isSafeInteger(toUnixMs) || fromUnixMs < 0) {
    throw invalid(
      `the time range ${fromUnixMs}..${toUnixMs} must be whole milliseconds since 1970`,
    );
  }
  if (toUnixMs > MAX_UNIX_MS) {
    throw invalid(
      `the time range ends at ${toUnixMs}: give at most ${MAX_UNIX_MS} (the year 2262)`,
    );
  }
  if (fromUnixMs >= toUnixMs) {
    throw invalid(
      `the time range ${fromUnixMs}..${toUnixMs} is empty: "from" must come before "to"`,
    );
  }
  if (toUnixMs - fromUnixMs > MAX_RANGE_DAYS * DAY_MS) {
    throw invalid(`the time range is longer than ${MAX_RANGE_DAYS} days: ask for a shorter one`);
  }
}

/** Refuses anything but a whole number from 1 to `max`, with `query.invalid`. */
export function checkCount(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw invalid(`"${name}" is ${value}: give a whole number from 1 to ${max}`);
}

export function invalid(message: string): LensError {
  return new LensError("query.invalid", message);
}

/** The part of a source that can hold rows of a range; all of it when nothing is known about its files. */
export function sourceWithin(source: QuerySource, range: TimeRange): QuerySource {
  const { files, bounds, isUniform = false, hasOldRows = false, corrections = [] } = source;
  if (bounds === undefined) return source;
  return {
    isUniform,
    hasOldRows,
    corrections,
    files: files.filter((_, index) => {
      const bound = bounds[index];
      if (bound === undefined) return true;
      return bound.fromUnixMs < range.toUnixMs && bound.toUnixMs > range.fromUnixMs;
    }),
  };
}

/**
 * The files as a table with the latest verdicts, for use behind FROM. Columns are matched by name; an absent
 * one is NULL.
 */
export function scanOf(source: QuerySource): Sql {
  const { files, corrections = [], isUniform = false, hasOldRows = false } = source;
  const stored = isUniform
    ? sql`read_parquet(${files})`
    : sql`read_parquet(${files}, union_by_name = true)`;
  const rows = hasOldRows ? withNewColumns(stored) : stored;
  return corrections.length === 0
    ? rows
    : sql`(${correctedRows(rows, { corrections, hasOldRows })})`;
}

/** `FROM ... WHERE ...` of the rows of one project that start within a range. More can be ANDed to it. */
export function rowsOf(projectId: string, range: TimeRange, source: QuerySource): Sql {
  const from = BigInt(range.fromUnixMs) * NANOS_PER_MS;
  const to = BigInt(range.toUnixMs) * NANOS_PER_MS;
  return sql`FROM ${scanOf(source)}
    WHERE project_id = ${projectId} AND start_unix_nano >= ${from} AND start_unix_nano < ${to}`;
}

/**
 * Rows that figures are made of: calls, whether answered (billed) or failed before they cost anything, and what
 * a metric is billed for where nothing tells the calls. Records that repeat or sum up calls are none of them.
 */
export const IS_COUNTED: Sql = sql`(billed OR bill_rule = 'failed')`;

/** Rows that are one call to a model. What a metric is billed for is nobody knows how many. */
export const IS_CALL: Sql = sql`(${IS_COUNTED} AND signal <> 'metric')`;

/** Calls with something to pay for. */
export const IS_BILLED_CALL: Sql = sql`(billed AND signal <> 'metric')`;

/** Billed calls whose counts are not the provider's: their cost is shown with a mark. */
export const IS_ESTIMATED: Sql = sql`(billed AND usage_source = 'estimated')`;

/** The model that answered, or the one asked for when the answer does not name one. */
export const MODEL: Sql = sql`coalesce(response_model, request_model)`;

/**
 * A sum over the values that are known: undefined when there are billed rows and not one of them is known, and
 * truly zero when there are none.
 */
export function knownSum(sum: SqlResult | undefined, billedRows: number): bigint | undefined {
  if (billedRows === 0) return 0n;
  return typeof sum === "bigint" ? sum : undefined;
}

/** The same for counts that surely fit a number, such as tokens. */
export function knownTotal(sum: SqlResult | undefined, billedRows: number): number | undefined {
  const total = knownSum(sum, billedRows);
  return total === undefined ? undefined : Number(total);
}

/** Nanoseconds to milliseconds; undefined for NULL. */
export function toMs(nanos: SqlResult | undefined): number | undefined {
  return nanos === null || nanos === undefined ? undefined : Number(nanos) / 1e6;
}

/**
 * How long a call took. The answers of a batch end when they start: nobody says how long each of them took, and none of
 * them is as fast as that.
 */
export const LATENCY_NANOS: Sql = sql`nullif(duration_ns, 0)`;
