import type {
  BoolColumn,
  DictionaryColumn,
  Int64Column,
} from "@lensai/otel-config/span-row/row-batch";
import { NULL_CODE } from "@lensai/otel-config/span-row/row-batch";
import { appendColumnChunk, type ChunkLocation } from "./column-chunk.ts";
import { encodeBool } from "./encode-bool.ts";
import { encodeDictionary } from "./encode-dictionary.ts";
import { encodeDouble } from "./encode-double.ts";
import { encodeInt64 } from "./encode-int64.ts";
import type { EncodedColumn, RowSelection } from "./encoded-column.ts";
import { appendFooter, type RowGroup, type SchemaColumn } from "./file-footer.ts";
import { MAGIC } from "./parquet-format.ts";
import { Scratch } from "./scratch.ts";
import { ThriftCompactWriter } from "./thrift-compact-writer.ts";

/** A column of a table of any rows. Every column may be NULL: undefined. Timestamps are microseconds since the epoch. */
export type TableColumn<Row> = { readonly name: string } & (
  | { readonly type: "text"; readonly valueOf: (row: Row) => string | undefined }
  | { readonly type: "int64" | "timestamp"; readonly valueOf: (row: Row) => bigint | undefined }
  | { readonly type: "bool"; readonly valueOf: (row: Row) => boolean | undefined }
  | { readonly type: "double"; readonly valueOf: (row: Row) => number | undefined }
);

/**
 * A Parquet file that is made while it is read: one row group for each list of rows, as it comes, and the footer last. It
 * holds one group in memory, and some kilobytes for each one that went before. A file that broke off has no footer, and
 * no reader takes it for a whole one.
 * @yields {Uint8Array} The next bytes, which are the reader's.
 */
export async function* streamParquet<Row>(
  columns: readonly TableColumn<Row>[],
  groups: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Uint8Array> {
  // Of its own: other files are written while this one waits for its reader.
  const writer = { scratch: new Scratch(), thrift: new ThriftCompactWriter() };
  const { file } = writer.scratch;
  const rowGroups: RowGroup[] = [];
  let offset = MAGIC.length;
  yield MAGIC.slice();
  for await (const rows of groups) {
    if (rows.length === 0) continue;
    file.reset();
    rowGroups.push({
      rowCount: rows.length,
      columns: appendGroup(columns, rows, { ...writer, offset }),
    });
    offset += file.length;
    yield file.view().slice();
  }
  file.reset();
  const specs = columns.map((column) => schemaOf(column));
  appendFooter({ specs, rowGroups, metadata: {} }, writer.thrift, file);
  yield file.view().slice();
}

const schemaOf = ({ name, type }: TableColumn<never>): SchemaColumn => ({
  name,
  type,
  nullable: true,
});

interface GroupWriter {
  readonly scratch: Scratch;
  readonly thrift: ThriftCompactWriter;
  /** Bytes of the file before this group. */
  readonly offset: number;
}

function appendGroup<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  { scratch, thrift, offset }: GroupWriter,
): RowGroup["columns"] {
  scratch.reserveRows(rows.length);
  return columns.map((column) => {
    const encoded = encodeColumn(column, rows, scratch);
    const { statistics, encodings } = encoded;
    const location = appendColumnChunk(encoded, thrift, scratch.file);
    return { spec: schemaOf(column), encodings, statistics, location: movedBy(offset, location) };
  });
}

function movedBy(offset: number, location: ChunkLocation): ChunkLocation {
  const { dataPageOffset, dictionaryPageOffset } = location;
  return {
    ...location,
    dataPageOffset: dataPageOffset + offset,
    dictionaryPageOffset:
      dictionaryPageOffset === undefined ? undefined : dictionaryPageOffset + offset,
  };
}

function encodeColumn<Row>(
  column: TableColumn<Row>,
  rows: readonly Row[],
  scratch: Scratch,
): EncodedColumn {
  const selection: RowSelection = { rows: scratch.identity, count: rows.length, nullable: true };
  switch (column.type) {
    case "text":
      return encodeDictionary(toDictionary(rows.map(column.valueOf)), selection, scratch);
    case "int64":
    case "timestamp":
      return encodeInt64(toInt64(rows.map(column.valueOf)), selection, scratch);
    case "bool":
      return encodeBool(toBool(rows.map(column.valueOf)), selection, scratch);
    case "double":
      return encodeDouble(rows.map(column.valueOf), scratch);
  }
}

function toDictionary(values: readonly (string | undefined)[]): DictionaryColumn {
  const entries = new Map<string, number>();
  const codes = Uint32Array.from(values, (value) => {
    if (value === undefined) return NULL_CODE;
    const known = entries.get(value) ?? entries.size + 1;
    entries.set(value, known);
    return known;
  });
  const texts = Array.from(entries.keys(), (text) => Buffer.from(text));
  let end = 0;
  const ends = Uint32Array.from(texts, ({ length }) => (end += length));
  const bytes = Buffer.concat(texts, end);
  return { kind: "dictionary", codes, bytes, ends, entryCount: texts.length, bytesLength: end };
}

function toInt64(given: readonly (bigint | undefined)[]): Int64Column {
  const values = BigInt64Array.from(given, (value) => value ?? 0n);
  const words = new Uint32Array(values.buffer);
  return { kind: "int64", values, words, valid: validityOf(given) };
}

function toBool(given: readonly (boolean | undefined)[]): BoolColumn {
  const values = Uint8Array.from(given, (value) => Number(value === true));
  return { kind: "bool", values, valid: validityOf(given) };
}

const validityOf = (values: readonly unknown[]): Uint8Array =>
  Uint8Array.from(values, (value) => Number(value !== undefined));
