import { LensError } from "@lensai/otel-config/errors";
import type { DuckDb, SqlRow } from "../duckdb/connect.ts";
import { column, commaList, sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import type { FileKind } from "../lake/layout.ts";

/** The order of a merged file: what a project asks for lies together, earliest first. In every row version. */
const ORDER: Readonly<Record<FileKind, readonly string[]>> = {
  spans: ["project_id", "start_time", "trace_id", "span_id"],
  content: ["project_id", "trace_id", "span_id"],
  corrections: ["project_id", "start_time", "batch_id"],
};

/** Rows that a reader can pass over at once. */
const ROW_GROUP_ROWS = 65_536n;

export interface MergeTask {
  readonly kind: FileKind;
  /** Local files of one row version. */
  readonly inputs: readonly string[];
  readonly output: string;
}

/**
 * Writes the rows of files into one, sorted; gives their number. The file is read back: unless it holds the very
 * same values as often, `lake.file_corrupt`.
 */
export async function mergeFiles(
  duckDb: DuckDb,
  { kind, inputs, output }: MergeTask,
): Promise<number> {
  // Files of corrections have only the columns that their corrections fill.
  const stored = sql`read_parquet(${inputs}, union_by_name = ${kind === "corrections"})`;
  const order = commaList(ORDER[kind].map((name) => column(name)));
  await duckDb.query(sql`COPY (FROM ${stored} ORDER BY ${order}) TO ${output}
    (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP_ROWS})`);
  const [before, after] = await Promise.all([
    valuesOf(duckDb, stored),
    valuesOf(duckDb, sql`read_parquet(${[output]})`),
  ]);
  if (before?.["rows"] !== after?.["rows"] || before?.["values"] !== after?.["values"]) {
    throw new LensError(
      "lake.file_corrupt",
      `a merged file of ${kind} does not hold the rows of its ${inputs.length} files`,
    );
  }
  return Number(after?.["rows"]);
}

async function valuesOf(duckDb: DuckDb, rows: Sql): Promise<SqlRow | undefined> {
  const [found] = await duckDb.query(
    sql`SELECT count(*) AS rows, sum(hash(stored)) AS values FROM ${rows} AS stored`,
  );
  return found;
}
