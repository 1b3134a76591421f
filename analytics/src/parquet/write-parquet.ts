import { SPAN_COLUMNS, columnIndex } from "@lensai/otel-config/span-row/columns";
import type { ColumnSpec } from "@lensai/otel-config/span-row/columns";
import type { Column, RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { appendColumnChunk } from "./column-chunk.ts";
import { encodeBool } from "./encode-bool.ts";
import { encodeDictionary } from "./encode-dictionary.ts";
import { encodeInt64 } from "./encode-int64.ts";
import { encodePlain } from "./encode-plain.ts";
import type { EncodedColumn, RowSelection } from "./encoded-column.ts";
import { appendFooter } from "./file-footer.ts";
import type { WrittenColumn } from "./file-footer.ts";
import { MAGIC } from "./parquet-format.ts";
import { Scratch } from "./scratch.ts";
import { ThriftCompactWriter } from "./thrift-compact-writer.ts";

/** Rows of one file. More belong into another file: this keeps a row group near the best size for scans. */
const MAX_ROWS = 1 << 20;

export interface ParquetOptions {
  /** Row numbers of the batch to write, in file order; all rows when absent. */
  readonly rows?: Uint32Array;
  /** Columns to write, in file order. */
  readonly columns: readonly string[];
  /** Names in the file, where they are not those of the row. */
  readonly names?: Readonly<Record<string, string>>;
  /** Key-value pairs of the footer. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface Workspace {
  readonly scratch: Scratch;
  readonly thrift: ThriftCompactWriter;
}

let workspace: Workspace | undefined;

/**
 * A batch as one complete Parquet file: a single row group, zstd level 1. The result depends on nothing
 * but the arguments (same rows, same bytes) and shares no memory with the batch. The batch must keep its
 * promises: text is valid UTF-8, columns that are not nullable hold a value in every row.
 *
 * Memory for the work is kept between calls, one set per thread. Throws RangeError for an unknown column,
 * for more than 1,048,576 rows, or for NULL in a column that is not nullable.
 */
export function encodeParquet(batch: RowBatch, options: ParquetOptions): Uint8Array {
  workspace ??= { scratch: new Scratch(), thrift: new ThriftCompactWriter() };
  const { scratch, thrift } = workspace;
  const count = options.rows?.length ?? batch.rowCount;
  if (count > MAX_ROWS) {
    throw new RangeError(`a file holds at most ${MAX_ROWS} rows, not ${count}: split the rows`);
  }
  scratch.reserveRows(count);
  const rows = rowsOf(options, batch, scratch);
  const { file } = scratch;
  file.reset();
  file.append(MAGIC);
  const specs = options.columns.map((name) => SPAN_COLUMNS[columnIndex(name)] as ColumnSpec);
  const selected = { specs, rows, count, options };
  const rowGroups =
    count === 0 ? [] : [{ rowCount: count, columns: appendColumns(batch, selected, workspace) }];
  const schema = specs.map((spec) => renamed(spec, options));
  appendFooter({ specs: schema, rowGroups, metadata: options.metadata }, thrift, file);
  const bytes = file.view().slice();
  scratch.trim();
  return bytes;
}

/** Live traffic has one day in nearly every batch, and then there is nothing to look up row by row. */
function rowsOf({ rows }: ParquetOptions, batch: RowBatch, { identity }: Scratch): Uint32Array {
  if (rows === undefined) return identity;
  const isEveryRow = rows.length === batch.rowCount && rows.every((row, index) => row === index);
  return isEveryRow ? identity : rows;
}

function renamed(spec: ColumnSpec, { names }: ParquetOptions): ColumnSpec {
  const name = names?.[spec.name];
  return name === undefined ? spec : { ...spec, name };
}

function appendColumns(
  batch: RowBatch,
  selected: {
    readonly specs: readonly ColumnSpec[];
    readonly rows: Uint32Array;
    readonly count: number;
    readonly options: ParquetOptions;
  },
  { scratch, thrift }: Workspace,
): WrittenColumn[] {
  const { specs, rows, count, options } = selected;
  return specs.map((spec) => {
    const column = batch.columns[columnIndex(spec.name)] as Column;
    const encoded = encodeColumn(column, { rows, count, nullable: spec.nullable }, scratch);
    const { statistics, encodings } = encoded;
    if (!spec.nullable && statistics.nullCount > 0) {
      throw new RangeError(
        `column "${spec.name}" needs a value in every row, but ${statistics.nullCount} rows have none`,
      );
    }
    const location = appendColumnChunk(encoded, thrift, scratch.file);
    return { spec: renamed(spec, options), location, encodings, statistics };
  });
}

/** One column of the selected rows, in scratch memory. */
export function encodeColumn(
  column: Column,
  selection: RowSelection,
  scratch: Scratch,
): EncodedColumn {
  switch (column.kind) {
    case "dictionary":
      return encodeDictionary(column, selection, scratch);
    case "plain":
      return encodePlain(column, selection, scratch);
    case "int64":
      return encodeInt64(column, selection, scratch);
    case "bool":
      return encodeBool(column, selection, scratch);
  }
}
