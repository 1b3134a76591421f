import { LensError } from "@lensai/otel-config/errors";
import type { DuckDb, SqlRow } from "../duckdb/connect.ts";
import { column, commaList, sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import type { FileKind } from "../lake/layout.ts";
import { correctedRows } from "../queries/corrected-rows.ts";

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
  /** As in CompactionGroup. */
  readonly corrections?: readonly string[];
  readonly foldedInto?: readonly string[];
}

/**
 * Writes the rows of files into one, sorted, as queries see them with the corrections; gives their number. The file is
 * read back: unless it holds the very same values as often, `lake.file_corrupt`.
 */
export async function mergeFiles(duckDb: DuckDb, task: MergeTask): Promise<number> {
  const { kind, inputs, output } = task;
  const stored = sourceOf(task);
  const order = commaList(ORDER[kind].map((name) => column(name)));
  await duckDb.query(sql`COPY (SELECT * FROM ${stored} ORDER BY ${order}) TO ${output}
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

function sourceOf({ kind, inputs, corrections = [], foldedInto = [] }: MergeTask): Sql {
  // Files of corrections have only the columns that their corrections fill.
  const stored = sql`read_parquet(${inputs}, union_by_name = ${kind === "corrections"})`;
  if (corrections.length > 0) {
    return sql`(${correctedRows(stored, { corrections, hasOldRows: false })})`;
  }
  if (foldedInto.length === 0) return stored;
  return sql`(SELECT stored.* FROM ${stored} AS stored WHERE NOT EXISTS (
    SELECT 1 FROM read_parquet(${foldedInto}) AS folded WHERE folded.project_id = stored.project_id
      AND folded.batch_id = stored.batch_id AND folded.record_ordinal = stored.record_ordinal))`;
}

async function valuesOf(duckDb: DuckDb, rows: Sql): Promise<SqlRow | undefined> {
  const [found] = await duckDb.query(
    sql`SELECT count(*) AS rows, sum(hash(stored)) AS values FROM ${rows} AS stored`,
  );
  return found;
}
