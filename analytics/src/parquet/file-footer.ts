import { SPAN_ROW_VERSION } from "@lensai/otel-config/span-row/columns";
import type { ColumnType } from "@lensai/otel-config/span-row/columns";
import type { ByteBuffer } from "./byte-buffer.ts";
import type { ChunkLocation } from "./column-chunk.ts";
import type { ColumnStatistics, EncodedColumn } from "./encoded-column.ts";
import { CONVERTED_TYPE, MAGIC, PHYSICAL_TYPE, REPETITION } from "./parquet-format.ts";
import type { PhysicalType } from "./parquet-format.ts";
import type { ThriftCompactWriter } from "./thrift-compact-writer.ts";

const FORMAT_VERSION = 2;
/** `<name> version <version>`: the form that readers parse to find files of faulty writers. */
const CREATED_BY = `lensai version ${SPAN_ROW_VERSION}`;

/** What the schema says about a column; those of the span row are such. */
export interface SchemaColumn {
  readonly name: string;
  readonly type: ColumnType | "double";
  readonly nullable: boolean;
}

/** Everything the footer says about one column of a row group. */
export interface WrittenColumn {
  readonly spec: SchemaColumn;
  readonly encodings: EncodedColumn["encodings"];
  readonly statistics: ColumnStatistics;
  readonly location: ChunkLocation;
}

export interface RowGroup {
  /** At least one. */
  readonly rowCount: number;
  /** Where the columns lie, in the order of the schema. */
  readonly columns: readonly WrittenColumn[];
}

export interface FileDescription {
  readonly specs: readonly SchemaColumn[];
  /** In file order; none when there are no rows. */
  readonly rowGroups: readonly RowGroup[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Appends everything that comes behind the row groups. */
export function appendFooter(
  description: FileDescription,
  thrift: ThriftCompactWriter,
  file: ByteBuffer,
): void {
  writeFileMetaData(description, thrift);
  const footer = thrift.buffer.view();
  file.append(footer);
  file.append(new Uint8Array(Uint32Array.of(footer.length).buffer));
  file.append(MAGIC);
}

function writeFileMetaData(description: FileDescription, thrift: ThriftCompactWriter): void {
  const { specs, rowGroups, metadata } = description;
  const keys = Object.keys(metadata).sort();
  thrift.reset();
  thrift.element(() => {
    thrift.i32(1, FORMAT_VERSION);
    thrift.list(2, "struct", specs.length + 1);
    writeSchemaRoot(specs.length, thrift);
    for (const spec of specs) writeSchemaElement(spec, thrift);
    thrift.i64(
      3,
      rowGroups.reduce((sum, { rowCount }) => sum + rowCount, 0),
    );
    thrift.list(4, "struct", rowGroups.length);
    for (const [ordinal, group] of rowGroups.entries()) writeRowGroup(group, ordinal, thrift);
    thrift.list(5, "struct", keys.length);
    for (const key of keys) {
      thrift.element(() => {
        thrift.binary(1, key);
        thrift.binary(2, metadata[key] ?? "");
      });
    }
    thrift.binary(6, CREATED_BY);
    // ColumnOrder: TYPE_ORDER for every column; without it readers ignore minimum and maximum
    thrift.list(7, "struct", specs.length);
    for (let index = 0; index < specs.length; index += 1) {
      thrift.element(() => thrift.struct(1, () => undefined));
    }
  });
}

function writeSchemaRoot(columnCount: number, thrift: ThriftCompactWriter): void {
  thrift.element(() => {
    thrift.binary(4, "schema");
    thrift.i32(5, columnCount);
  });
}

function writeSchemaElement(spec: SchemaColumn, thrift: ThriftCompactWriter): void {
  thrift.element(() => {
    thrift.i32(1, physicalType(spec));
    thrift.i32(3, spec.nullable ? REPETITION.optional : REPETITION.required);
    thrift.binary(4, spec.name);
    if (spec.type === "text") {
      thrift.i32(6, CONVERTED_TYPE.utf8);
      thrift.struct(10, () => thrift.struct(1, () => undefined));
    }
    if (spec.type === "timestamp") {
      thrift.i32(6, CONVERTED_TYPE.timestampMicros);
      thrift.struct(10, () => writeTimestampType(thrift));
    }
  });
}

/** LogicalType.TIMESTAMP: adjusted to UTC, microseconds. */
function writeTimestampType(thrift: ThriftCompactWriter): void {
  thrift.struct(8, () => {
    thrift.bool(1, true);
    thrift.struct(2, () => thrift.struct(2, () => undefined));
  });
}

function physicalType(spec: SchemaColumn): PhysicalType {
  switch (spec.type) {
    case "text":
      return PHYSICAL_TYPE.byteArray;
    case "bool":
      return PHYSICAL_TYPE.boolean;
    case "double":
      return PHYSICAL_TYPE.double;
    case "int64":
    case "timestamp":
      return PHYSICAL_TYPE.int64;
  }
}

/** The ordinal has 16 bits, and may be left out. */
const ORDINAL_MAX = 2 ** 15 - 1;

function writeRowGroup(
  { rowCount, columns }: RowGroup,
  ordinal: number,
  thrift: ThriftCompactWriter,
): void {
  let uncompressedBytes = 0;
  let compressedBytes = 0;
  for (const { location } of columns) {
    uncompressedBytes += location.uncompressedBytes;
    compressedBytes += location.compressedBytes;
  }
  thrift.element(() => {
    thrift.list(1, "struct", columns.length);
    for (const column of columns) writeColumnChunk(column, rowCount, thrift);
    thrift.i64(2, uncompressedBytes);
    thrift.i64(3, rowCount);
    thrift.i64(5, firstOffset(columns[0]?.location));
    thrift.i64(6, compressedBytes);
    if (ordinal <= ORDINAL_MAX) thrift.i16(7, ordinal);
  });
}

function firstOffset(location: ChunkLocation | undefined): number {
  return location?.dictionaryPageOffset ?? location?.dataPageOffset ?? 0;
}

function writeColumnChunk(
  column: WrittenColumn,
  rowCount: number,
  thrift: ThriftCompactWriter,
): void {
  const { spec, location } = column;
  thrift.element(() => {
    thrift.i64(2, 0);
    // ColumnMetaData
    thrift.struct(3, () => {
      thrift.i32(1, physicalType(spec));
      thrift.i32List(2, column.encodings);
      thrift.binaryList(3, [spec.name]);
      thrift.i32(4, location.codec);
      thrift.i64(5, rowCount);
      thrift.i64(6, location.uncompressedBytes);
      thrift.i64(7, location.compressedBytes);
      thrift.i64(9, location.dataPageOffset);
      if (location.dictionaryPageOffset !== undefined) {
        thrift.i64(11, location.dictionaryPageOffset);
      }
      thrift.struct(12, () => writeStatistics(column.statistics, thrift));
    });
  });
}

function writeStatistics(statistics: ColumnStatistics, thrift: ThriftCompactWriter): void {
  thrift.i64(3, statistics.nullCount);
  if (statistics.most !== undefined) thrift.binary(5, statistics.most);
  if (statistics.least !== undefined) thrift.binary(6, statistics.least);
}
