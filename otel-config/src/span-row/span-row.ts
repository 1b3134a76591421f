import { SPAN_COLUMNS } from "./columns.ts";
import {
  NULL_CODE,
  addDictionaryEntry,
  dictionaryEntry,
  plainValue,
  setPlain,
} from "./row-batch.ts";
import type { Column, DictionaryColumn, RowBatch } from "./row-batch.ts";

/** One value of a row. int64 and timestamp (µs) are bigint; NULL is null. */
export type RowValue = string | bigint | boolean | null;

/** One row as an object, keyed by column name: for tests, tools and small answers, not the hot path. */
export type SpanRow = Readonly<Record<string, RowValue>>;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Reads a row out of a batch. */
export function readRow(batch: RowBatch, row: number): SpanRow {
  const result: Record<string, RowValue> = {};
  for (const [index, spec] of SPAN_COLUMNS.entries()) {
    result[spec.name] = readValue(batch.columns[index] as Column, row);
  }
  return result;
}

function readValue(column: Column, row: number): RowValue {
  switch (column.kind) {
    case "dictionary": {
      const code = column.codes[row] as number;
      return code === NULL_CODE ? null : decoder.decode(dictionaryEntry(column, code - 1));
    }
    case "plain": {
      const bytes = plainValue(column, row);
      return bytes === undefined ? null : decoder.decode(bytes);
    }
    case "int64":
      return column.valid[row] === 0 ? null : (column.values[row] as bigint);
    case "bool":
      return column.valid[row] === 0 ? null : column.values[row] === 1;
  }
}

/**
 * Appends a row given as an object; columns not named are NULL. `day` is the partition day (days since
 * the epoch). For tests and tools: the collector fills the columns directly.
 */
export function appendRow(batch: RowBatch, row: SpanRow, day: number): void {
  if (batch.rowCount === batch.capacity)
    throw new RangeError(`row batch is full (${batch.capacity} rows)`);
  const at = batch.rowCount;
  for (const [index, spec] of SPAN_COLUMNS.entries()) {
    writeValue(batch.columns[index] as Column, at, row[spec.name] ?? null);
  }
  batch.days[at] = day;
  batch.rowCount += 1;
}

function writeValue(column: Column, row: number, value: RowValue): void {
  switch (column.kind) {
    case "dictionary":
      column.codes[row] =
        value === null ? NULL_CODE : codeOf(column, encoder.encode(String(value)));
      return;
    case "plain":
      if (value === null) column.starts[row] = NULL_CODE;
      else setPlain(column, row, encoder.encode(String(value)));
      return;
    case "int64":
      column.valid[row] = value === null ? 0 : 1;
      if (value !== null) column.values[row] = BigInt(value);
      return;
    case "bool":
      column.valid[row] = value === null ? 0 : 1;
      column.values[row] = value === true ? 1 : 0;
  }
}

function codeOf(column: DictionaryColumn, bytes: Uint8Array): number {
  for (let entry = 0; entry < column.entryCount; entry += 1) {
    if (Buffer.compare(dictionaryEntry(column, entry), bytes) === 0) return entry + 1;
  }
  return addDictionaryEntry(column, bytes);
}
