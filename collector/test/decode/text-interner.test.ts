import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RowBatch, dictionaryEntry } from "@lensai/otel-config/span-row/row-batch";
import { ColumnInterner, TextInterner } from "../../src/decode/text-interner.ts";

const ENTRIES_MAX = 1 << 15;

function viewOf(text: string): DataView {
  const bytes = new TextEncoder().encode(text);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function intern(texts: TextInterner, text: string): number {
  const view = viewOf(text);
  return texts.intern(view, 0, view.byteLength);
}

test("gives equal texts one id and different texts different ids, however many there are", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 90 }), { maxLength: 600 }), (list) => {
      const texts = new TextInterner();
      const known = new Map<string, number>();
      for (const text of list) {
        const id = intern(texts, text);
        expect(id).toBe(known.get(text) ?? known.size);
        known.set(text, id);
      }
      for (const [text, id] of known) {
        expect(new TextDecoder().decode(texts.bytesOf(id))).toBe(text);
      }
    }),
    { numRuns: 50 },
  );
});

test("tells long texts apart that differ in a single byte, wherever it is", () => {
  const texts = new TextInterner();
  const base = "x".repeat(300);
  const ids = Array.from({ length: 300 }, (_, at) =>
    intern(texts, `${base.slice(0, at)}y${base.slice(at + 1)}`),
  );
  expect(new Set(ids).size).toBe(300);
});

test("starts over when it is full, and says so", () => {
  const texts = new TextInterner();
  for (let i = 0; i < ENTRIES_MAX; i += 1) intern(texts, `text ${i}`);
  expect([texts.generation, texts.count, intern(texts, "text 7")]).toEqual([0, ENTRIES_MAX, 7]);
  expect(intern(texts, "one more")).toBe(0);
  expect([texts.generation, texts.count]).toEqual([1, 1]);
  expect(intern(texts, "text 7")).toBe(1);
});

test("a column's codes name the text in the batch they were asked for", () => {
  const interner = new ColumnInterner();
  const code = (batch: RowBatch, stamp: number, text: string): string => {
    const view = viewOf(text);
    const column = batch.dictionary("user_id");
    const entry = interner.code(column, stamp, { view, from: 0, to: view.byteLength }) - 1;
    return new TextDecoder().decode(dictionaryEntry(column, entry));
  };
  for (const [batch, stamp] of [
    [new RowBatch(8), 1],
    [new RowBatch(8), 2],
  ] as const) {
    for (let i = 0; i < 700; i += 1)
      expect(code(batch, stamp, `user-${i % 500}`)).toBe(`user-${i % 500}`);
    expect(batch.dictionary("user_id").entryCount).toBe(500);
  }
});
