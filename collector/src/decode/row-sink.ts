import { SPAN_COLUMNS, columnIndex } from "@lensai/otel-config/span-row/columns";
import {
  addDictionaryEntry,
  reserveBytes,
  setInt64,
  setPlain,
  writeLength,
} from "@lensai/otel-config/span-row/row-batch";
import type {
  BoolColumn,
  Column,
  DictionaryColumn,
  Int64Column,
  PlainColumn,
  RowBatch,
} from "@lensai/otel-config/span-row/row-batch";
import type { CodeList } from "./code-list.ts";
import { JsonWriter } from "./json-writer.ts";
import { ColumnInterner, validUtf8 } from "./text-interner.ts";
import type { TextRange } from "./text-interner.ts";

const ATTRIBUTES_COLUMN = columnIndex("attributes");
const EVENTS_COLUMN = columnIndex("events");
const LINKS_COLUMN = columnIndex("links");

/** Rows are set to NULL in blocks ahead of writing: one native fill per column and block. */
const CLEAR_BLOCK_ROWS = 512;
/** Up to here a byte loop beats the native copy and UTF-8 check. */
const SHORT_TEXT_BYTES_MAX = 64;
/** Longer text in a dictionary column is cut: these columns hold names, not content. */
const DICTIONARY_TEXT_BYTES_MAX = 4096;
const HEX_PAIRS = Uint16Array.from({ length: 256 }, (_, value) => {
  const hex = value.toString(16).padStart(2, "0");
  return (hex.charCodeAt(0) << 8) | hex.charCodeAt(1);
});

const CLOSE_ARRAY = 0x5d;
const encoder = new TextEncoder();

/** Text known in advance: setting it costs a few loads and a store. Shared by all sinks, and so immutable. */
export class ConstantText {
  private static count = 0;
  readonly column: number;
  readonly bytes: Uint8Array;
  /** Small and unique: where a sink keeps the text's code in its batch. */
  readonly id: number;

  constructor(columnName: string, text: string) {
    this.column = columnIndex(columnName);
    this.bytes = encoder.encode(text);
    this.id = ConstantText.count;
    ConstantText.count += 1;
  }
}

/** Writes decoded values into the open batch, row by row. NULL is the default of every column. */
export class RowSink {
  batch: RowBatch;
  row = 0;
  readonly attributes: JsonWriter;
  readonly events: JsonWriter;
  readonly links: JsonWriter;
  /** Writers of the plain columns, by column index. */
  private readonly json: ReadonlyArray<JsonWriter | undefined>;
  private columns: readonly Column[];
  private stamp = 1;
  /** By id of the constant: its code in the batch, valid while its stamp is that of the batch. */
  private readonly constantCodes: number[] = [];
  private readonly constantStamps: number[] = [];
  private clearedTo = 0;
  private readonly interners = SPAN_COLUMNS.map(() => new ColumnInterner());

  constructor(batch: RowBatch) {
    this.batch = batch;
    this.columns = batch.columns;
    this.json = batch.columns.map((column) =>
      column.kind === "plain" ? new JsonWriter(column) : undefined,
    );
    this.attributes = this.jsonOf(ATTRIBUTES_COLUMN);
    this.events = this.jsonOf(EVENTS_COLUMN);
    this.links = this.jsonOf(LINKS_COLUMN);
  }

  /** The JSON writer of a plain column. */
  jsonOf(column: number): JsonWriter {
    return this.json[column] as JsonWriter;
  }

  /** Starts a request: rows will be appended to `batch` from its current end. */
  open(batch: RowBatch, rowsMax: number): void {
    if (batch !== this.batch || batch.rowCount === 0) {
      this.batch = batch;
      this.columns = batch.columns;
      this.stamp += 1;
      this.clearedTo = batch.rowCount;
    }
    // The writers keep a reference to the arenas, which a landed batch has replaced.
    for (let index = 0; index < this.json.length; index += 1) {
      this.json[index]?.bind(this.columns[index] as PlainColumn);
    }
    this.row = batch.rowCount;
    this.clearTo(this.row + rowsMax);
  }

  /** After a rollback the rows behind it are no longer clean. */
  rolledBack(): void {
    this.clearedTo = this.batch.rowCount;
    for (const writer of this.json) writer?.abandon();
  }

  private clearTo(end: number): void {
    if (end <= this.clearedTo) return;
    const to = Math.min(Math.max(end, this.clearedTo + CLEAR_BLOCK_ROWS), this.batch.capacity);
    for (const column of this.columns) {
      if (column.kind === "dictionary") column.codes.fill(0, this.clearedTo, to);
      else if (column.kind === "plain") column.starts.fill(0, this.clearedTo, to);
      else column.valid.fill(0, this.clearedTo, to);
    }
    this.clearedTo = to;
  }

  /** Gives up what was begun of the open row: columns are only written once a row is sure. */
  abandonRow(): void {
    this.attributes.abandon();
    this.events.abandon();
    this.links.abandon();
  }

  /** Ends the lists of events and links. */
  endLists(): void {
    if (this.events.isBegun) this.events.byte(CLOSE_ARRAY);
    if (this.links.isBegun) this.links.byte(CLOSE_ARRAY);
  }

  /** Ends the row: it now belongs to the batch. */
  commit(day: number): void {
    this.attributes.end(this.row);
    this.events.end(this.row);
    this.links.end(this.row);
    this.batch.days[this.row] = day;
    this.row += 1;
    this.batch.rowCount = this.row;
  }

  setConstant(constant: ConstantText): void {
    const column = this.columns[constant.column] as DictionaryColumn;
    const { id } = constant;
    if (this.constantStamps[id] !== this.stamp) {
      this.constantStamps[id] = this.stamp;
      this.constantCodes[id] = addDictionaryEntry(column, constant.bytes);
    }
    column.codes[this.row] = this.constantCodes[id] as number;
  }

  /** Code of a text in a dictionary column, for values that hold for many rows of the request. */
  codeOf(column: number, text: TextRange): number {
    if (text.to - text.from > DICTIONARY_TEXT_BYTES_MAX) {
      text.to = cutAtCharacter(text, DICTIONARY_TEXT_BYTES_MAX);
    }
    const interner = this.interners[column] as ColumnInterner;
    return interner.code(this.columns[column] as DictionaryColumn, this.stamp, text);
  }

  /** Knows which text was set last in a dictionary column. */
  internerOf(column: number): ColumnInterner {
    return this.interners[column] as ColumnInterner;
  }

  setCodes(list: CodeList): void {
    const { columns, values } = list;
    for (let i = 0; i < columns.length; i += 1) {
      const column = this.columns[columns[i] as number] as DictionaryColumn;
      column.codes[this.row] = values[i] as number;
    }
  }

  /** Text into a dictionary or a plain column. */
  setText(column: number, text: TextRange): void {
    const target = this.columns[column] as DictionaryColumn | PlainColumn;
    if (target.kind === "dictionary") target.codes[this.row] = this.codeOf(column, text);
    else this.setPlainText(target, text);
  }

  private setPlainText(target: PlainColumn, { view, from, to }: TextRange): void {
    const length = to - from;
    if (length > SHORT_TEXT_BYTES_MAX) {
      setPlain(
        target,
        this.row,
        validUtf8(new Uint8Array(view.buffer, view.byteOffset + from, length)),
      );
      return;
    }
    const arena = reserveBytes(target, length + 4);
    const start = target.bytesLength;
    let seen = 0;
    for (let i = 0; i < length; i += 1) {
      const byte = view.getUint8(from + i);
      seen |= byte;
      arena[start + 4 + i] = byte;
    }
    if (seen > 0x7f) {
      setPlain(target, this.row, validUtf8(arena.slice(start + 4, start + 4 + length)));
      return;
    }
    writeLength(arena, start, length);
    target.starts[this.row] = start + 1;
    target.bytesLength = start + 4 + length;
  }

  setInt64(column: number, value: number): void {
    setInt64(this.columns[column] as Int64Column, this.row, value);
  }

  setInt64Words(column: number, low: number, high: number): void {
    const target = this.columns[column] as Int64Column;
    target.words[this.row * 2] = low;
    target.words[this.row * 2 + 1] = high;
    target.valid[this.row] = 1;
  }

  setBool(column: number, value: boolean): void {
    const target = this.columns[column] as BoolColumn;
    target.values[this.row] = value ? 1 : 0;
    target.valid[this.row] = 1;
  }

  /** Lower-case hex of an id into a plain column. */
  setHex(column: number, source: Uint8Array, range: { from: number; to: number }): void {
    const target = this.columns[column] as PlainColumn;
    const length = (range.to - range.from) * 2;
    const arena = reserveBytes(target, length + 4);
    const start = target.bytesLength;
    writeLength(arena, start, length);
    let at = start + 4;
    for (let i = range.from; i < range.to; i += 1) {
      const pair = HEX_PAIRS[source[i] as number] as number;
      arena[at] = pair >>> 8;
      arena[at + 1] = pair & 0xff;
      at += 2;
    }
    target.starts[this.row] = start + 1;
    target.bytesLength = at;
  }
}

/** The end of a text cut to at most `bytesMax` bytes without splitting a UTF-8 sequence. */
export function cutAtCharacter(text: TextRange, bytesMax: number): number {
  let end = text.from + bytesMax;
  while (end > text.from && (text.view.getUint8(end) & 0xc0) === 0x80) end -= 1;
  return end;
}
