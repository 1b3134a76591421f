import { expect, test } from "vitest";
import {
  RowBatch,
  addDictionaryEntry,
  dictionaryEntry,
  plainValue,
  readSafeInt64,
  setInt64,
  setPlain,
} from "../../src/span-row/row-batch.ts";

const text = (length: number, code: number): Uint8Array => new Uint8Array(length).fill(code);

test("no column reaches into another, whatever each of them takes", () => {
  const batch = new RowBatch(4);
  const names = batch.columns.map((_, at) => at);
  for (const row of [0, 1, 2, 3]) {
    for (const at of names) write(batch, { at, row, code: (at * 4 + row) % 251 });
    batch.rowCount += 1;
  }
  for (const row of [0, 1, 2, 3]) {
    for (const at of names) expect(read(batch, at, row)).toBe((at * 4 + row) % 251);
  }
});

test("text is what it was when its arena has grown, within its buffer and into another", () => {
  const batch = new RowBatch(8);
  const column = batch.plain("attributes");
  const lengths = [60_000, 30_000, 200_000, 3_000_000, 20_000_000, 50_000_000];
  for (const [row, length] of lengths.entries()) setPlain(column, row, text(length, 65 + row));
  for (const [row, length] of lengths.entries()) {
    const value = plainValue(column, row) ?? new Uint8Array();
    expect([value.length, value[0], value.at(-1)]).toEqual([length, 65 + row, 65 + row]);
  }
});

test("a dictionary holds more entries and longer ones than it began with", () => {
  const column = new RowBatch(8).dictionary("service_name");
  for (let entry = 0; entry < 5000; entry += 1) {
    expect(addDictionaryEntry(column, text(1 + (entry % 100), entry % 251))).toBe(entry + 1);
  }
  for (let entry = 0; entry < 5000; entry += 1) {
    expect(dictionaryEntry(column, entry)).toEqual(text(1 + (entry % 100), entry % 251));
  }
});

test("a thread that has got the batch sees what is written afterwards", () => {
  const batch = new RowBatch(2);
  setPlain(batch.plain("attributes"), 0, text(100_000, 65));
  const other = RowBatch.fromMessage(structuredClone(batch.toMessage()));
  setInt64(batch.int64("input_tokens"), 1, 7);
  expect(readSafeInt64(other.int64("input_tokens"), 1)).toBe(7);
  expect(plainValue(other.plain("attributes"), 0)).toEqual(text(100_000, 65));
});

interface Place {
  readonly at: number;
  readonly row: number;
  readonly code: number;
}

function write(batch: RowBatch, { at, row, code }: Place): void {
  const column = batch.columns[at]!;
  switch (column.kind) {
    case "plain":
      setPlain(column, row, text(20_000, code));
      return;
    case "dictionary":
      column.codes[row] = addDictionaryEntry(column, text(2000, code));
      return;
    case "int64":
      setInt64(column, row, code);
      return;
    case "bool":
      column.values[row] = code;
      column.valid[row] = 1;
  }
}

function read(batch: RowBatch, at: number, row: number): number | undefined {
  const column = batch.columns[at]!;
  switch (column.kind) {
    case "plain":
      return plainValue(column, row)?.at(-1);
    case "dictionary":
      return dictionaryEntry(column, column.codes[row]! - 1).at(-1);
    case "int64":
      return readSafeInt64(column, row);
    case "bool":
      return column.values[row];
  }
}
