import { SPAN_COLUMNS, columnIndex } from "./columns.ts";
import type { ColumnSpec } from "./columns.ts";
import { SharedMemory, growArena } from "./shared-memory.ts";

/**
 * Span rows in columns, the form in which rows travel from the decoder to the Parquet writer.
 * Nothing is allocated per row or per value: text goes into arenas, numbers into typed arrays.
 *
 * A batch is filled by one thread, sealed, and read by another (`toMessage`), while the first leaves it
 * alone. The memory is shared and not transferred: V8 would take every batch that comes back for a hundred
 * megabytes of new garbage to come, and mark the whole heap.
 */

/** NULL in `DictionaryColumn.codes`, `PlainColumn.starts`. */
export const NULL_CODE = 0;

/** Repeating text. `codes[row]` is 0 for NULL, else 1 + entry; entry i is bytes[ends[i-1], ends[i]). */
export interface DictionaryColumn {
  readonly kind: "dictionary";
  codes: Uint32Array;
  bytes: Uint8Array;
  ends: Uint32Array;
  entryCount: number;
  bytesLength: number;
}

/**
 * Text in Parquet's PLAIN layout: for each non-null row [u32 little-endian length][bytes], in row order.
 * `starts[row]` is 0 for NULL, else 1 + the offset of the length word.
 */
export interface PlainColumn {
  readonly kind: "plain";
  starts: Uint32Array;
  bytes: Uint8Array;
  bytesLength: number;
}

/** int64 and timestamp: 8 bytes a row. `valid[row]` is 1 when set, 0 for NULL. */
export interface Int64Column {
  readonly kind: "int64";
  values: BigInt64Array;
  /** The same memory as 32-bit words, low word first. */
  words: Uint32Array;
  valid: Uint8Array;
}

export interface BoolColumn {
  readonly kind: "bool";
  values: Uint8Array;
  valid: Uint8Array;
}

export type Column = DictionaryColumn | PlainColumn | Int64Column | BoolColumn;

/** Structured-clone form of a batch: plain data over the same memory. */
export interface RowBatchMessage {
  readonly rowCount: number;
  readonly capacity: number;
  readonly columns: readonly Column[];
  readonly days: Int32Array;
  readonly hasRepeats: boolean;
}

const FIRST_ARENA_BYTES = 64 * 1024;
const FIRST_DICTIONARY_BYTES = 4 * 1024;
const FIRST_DICTIONARY_ENTRIES = 256;
const TWO_32 = 4294967296;

/** A position to roll back to when a request turns out to be unusable half-way. */
export interface RowBatchMark {
  readonly rowCount: number;
  readonly plainLengths: readonly number[];
}

export class RowBatch {
  capacity: number;
  columns: Column[];
  /** UTC day (days since the epoch) under which the row is partitioned. */
  days: Int32Array;
  rowCount = 0;
  /** Some span may have more than one row: see `replacedRows`. */
  hasRepeats = false;

  constructor(capacity: number) {
    this.capacity = capacity;
    const memory = new SharedMemory((SPAN_COLUMNS.length + 1) * columnBytesMax(capacity));
    this.columns = SPAN_COLUMNS.map((spec) => createColumn(spec, capacity, memory));
    const { buffer, byteOffset } = memory.words(capacity);
    this.days = new Int32Array(buffer, byteOffset, capacity);
  }

  static fromMessage(message: RowBatchMessage): RowBatch {
    const batch = Object.create(RowBatch.prototype) as RowBatch;
    return Object.assign(batch, {
      capacity: message.capacity,
      columns: [...message.columns],
      days: message.days,
      rowCount: message.rowCount,
      hasRepeats: message.hasRepeats,
    });
  }

  /** For another thread. The batch must not be changed while that thread reads it. */
  toMessage(): RowBatchMessage {
    const { rowCount, capacity, columns, days, hasRepeats } = this;
    return { rowCount, capacity, columns, days, hasRepeats };
  }

  /** Makes room for so many rows in an empty batch. */
  reserveRows(rows: number): void {
    if (rows <= this.capacity) return;
    if (this.rowCount > 0) throw new RangeError("only an empty batch can be made larger");
    Object.assign(this, new RowBatch(rows));
  }

  /** Memory held, in bytes. */
  get sizeBytes(): number {
    let total = this.days.byteLength;
    for (const column of this.columns) {
      for (const array of columnArrays(column)) total += array.byteLength;
    }
    return total;
  }

  /** Bytes of text that are not dictionary-encoded: what decides when a batch is full. */
  get plainBytes(): number {
    let total = 0;
    for (const column of this.columns) if (column.kind === "plain") total += column.bytesLength;
    return total;
  }

  mark(): RowBatchMark {
    const plainLengths = this.columns.map((column) =>
      column.kind === "plain" ? column.bytesLength : 0,
    );
    return { rowCount: this.rowCount, plainLengths };
  }

  /** Forgets every row after the mark. Dictionary entries stay: an unused entry costs nothing. */
  rollback(mark: RowBatchMark): void {
    this.rowCount = mark.rowCount;
    for (const [index, column] of this.columns.entries()) {
      if (column.kind === "plain") column.bytesLength = mark.plainLengths[index] ?? 0;
    }
  }

  /** Empties the batch and keeps its memory. */
  reset(): void {
    this.rowCount = 0;
    this.hasRepeats = false;
    for (const column of this.columns) {
      if (column.kind === "plain") column.bytesLength = 0;
      if (column.kind === "dictionary") {
        column.entryCount = 0;
        column.bytesLength = 0;
      }
    }
  }

  plain(name: string): PlainColumn {
    return this.columns[columnIndex(name)] as PlainColumn;
  }

  dictionary(name: string): DictionaryColumn {
    return this.columns[columnIndex(name)] as DictionaryColumn;
  }

  int64(name: string): Int64Column {
    return this.columns[columnIndex(name)] as Int64Column;
  }

  bool(name: string): BoolColumn {
    return this.columns[columnIndex(name)] as BoolColumn;
  }
}

/** More than any column takes at first. */
const columnBytesMax = (capacity: number): number => capacity * 9 + 2 * FIRST_ARENA_BYTES;

function createColumn(
  { type, encoding }: ColumnSpec,
  capacity: number,
  memory: SharedMemory,
): Column {
  switch (type) {
    case "text":
      if (encoding === "plain") {
        return {
          kind: "plain",
          starts: memory.words(capacity),
          bytes: memory.bytes(FIRST_ARENA_BYTES),
          bytesLength: 0,
        };
      }
      return {
        kind: "dictionary",
        codes: memory.words(capacity),
        bytes: memory.bytes(FIRST_DICTIONARY_BYTES),
        ends: memory.words(FIRST_DICTIONARY_ENTRIES),
        entryCount: 0,
        bytesLength: 0,
      };
    case "int64":
    case "timestamp": {
      const words = memory.words(capacity * 2);
      return {
        kind: "int64",
        values: new BigInt64Array(words.buffer, words.byteOffset, capacity),
        words,
        valid: memory.bytes(capacity),
      };
    }
    case "bool":
      return { kind: "bool", values: memory.bytes(capacity), valid: memory.bytes(capacity) };
  }
}

function columnArrays(column: Column): readonly ArrayBufferView[] {
  switch (column.kind) {
    case "dictionary":
      return [column.codes, column.bytes, column.ends];
    case "plain":
      return [column.starts, column.bytes];
    case "int64":
    case "bool":
      return [column.values, column.valid];
  }
}

/** Makes room for `extra` more bytes in an arena, doubling it when needed. */
export function reserveBytes(column: PlainColumn | DictionaryColumn, extra: number): Uint8Array {
  const needed = column.bytesLength + extra;
  if (needed <= column.bytes.length) return column.bytes;
  let size = column.bytes.length * 2;
  while (size < needed) size *= 2;
  column.bytes = growArena(column.bytes, column.bytesLength, size);
  return column.bytes;
}

/** Sets an int64 from a safe integer without creating a bigint. */
export function setInt64(column: Int64Column, row: number, value: number): void {
  // Not `%`: the remainder of doubles is a library call, ten times the price of a multiplication.
  const high = Math.floor(value / TWO_32);
  column.words[row * 2] = value - high * TWO_32;
  column.words[row * 2 + 1] = high;
  column.valid[row] = 1;
}

/** Reads an int64 that is known to be a safe integer; undefined for NULL. */
export function readSafeInt64(column: Int64Column, row: number): number | undefined {
  if (column.valid[row] === 0) return undefined;
  return (column.words[row * 2] as number) + ((column.words[row * 2 + 1] as number) | 0) * TWO_32;
}

/** Appends text as a value of a plain column. `bytes` must be valid UTF-8. */
export function setPlain(column: PlainColumn, row: number, bytes: Uint8Array): void {
  const arena = reserveBytes(column, bytes.length + 4);
  const start = column.bytesLength;
  writeLength(arena, start, bytes.length);
  arena.set(bytes, start + 4);
  column.starts[row] = start + 1;
  column.bytesLength = start + 4 + bytes.length;
}

/** Writes the little-endian length word that precedes a value of a plain column. */
export function writeLength(arena: Uint8Array, at: number, length: number): void {
  arena[at] = length;
  arena[at + 1] = length >>> 8;
  arena[at + 2] = length >>> 16;
  arena[at + 3] = length >>> 24;
}

/** Adds a dictionary entry (no look-up: the caller knows it is new) and returns its code. */
export function addDictionaryEntry(column: DictionaryColumn, bytes: Uint8Array): number {
  const arena = reserveBytes(column, bytes.length);
  arena.set(bytes, column.bytesLength);
  column.bytesLength += bytes.length;
  if (column.entryCount === column.ends.length) {
    column.ends = growWords(column.ends);
  }
  column.ends[column.entryCount] = column.bytesLength;
  column.entryCount += 1;
  return column.entryCount;
}

function growWords({ buffer, byteOffset, byteLength, length }: Uint32Array): Uint32Array {
  const arena = new Uint8Array(buffer, byteOffset, byteLength);
  return new Uint32Array(growArena(arena, byteLength, byteLength * 2).buffer, 0, length * 2);
}

/** The bytes of dictionary entry `entry` (0-based). */
export function dictionaryEntry(column: DictionaryColumn, entry: number): Uint8Array {
  const from = entry === 0 ? 0 : (column.ends[entry - 1] as number);
  return column.bytes.subarray(from, column.ends[entry]);
}

/** The bytes of a plain value; undefined for NULL. */
export function plainValue(column: PlainColumn, row: number): Uint8Array | undefined {
  const start = column.starts[row] as number;
  if (start === NULL_CODE) return undefined;
  const at = start - 1;
  const b = column.bytes;
  const length =
    (b[at] as number) |
    ((b[at + 1] as number) << 8) |
    ((b[at + 2] as number) << 16) |
    ((b[at + 3] as number) << 24);
  return b.subarray(at + 4, at + 4 + length);
}
