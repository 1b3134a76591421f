import * as fc from "fast-check";
import { parquetMetadata } from "hyparquet";
import { expect, test } from "vitest";
import { readFooter } from "../../src/parquet/read-footer.ts";
import { encodeParquet } from "../../src/parquet/write-parquet.ts";
import { batchOf, columnNames, spanRow } from "../support/span-rows.ts";

const columns = columnNames("spans");

test("gives the number of rows and the metadata", () => {
  fc.assert(
    fc.property(
      fc.nat(20),
      fc.dictionary(
        fc.string({ unit: "grapheme" }),
        fc.string({ unit: "grapheme", maxLength: 300 }),
        {
          noNullPrototype: true,
        },
      ),
      (rows, metadata) => {
        const batch = batchOf(Array.from({ length: rows }, (_, row) => spanRow(row)));
        const bytes = encodeParquet(batch, { columns, metadata });
        expect(readFooter(bytes)).toEqual({ rows, metadata });
      },
    ),
    { numRuns: 50 },
  );
});

test("other readers find the same metadata", () => {
  const metadata = { "lensai.segment": "0001", é: "😀" };
  const bytes = encodeParquet(batchOf([spanRow(0)]), { columns, metadata });
  const read = parquetMetadata(bytes.slice().buffer).key_value_metadata;
  expect(read).toEqual(Object.entries(metadata).map(([key, value]) => ({ key, value })));
});

test("does not take a file that was cut anywhere for complete", () => {
  const bytes = encodeParquet(batchOf([spanRow(0), spanRow(1)]), { columns, metadata: { a: "b" } });
  for (let length = 0; length < bytes.length; length += 1) {
    expect(readFooter(bytes.subarray(0, length))).toBeUndefined();
  }
  expect(readFooter(bytes)).toEqual({ rows: 2, metadata: { a: "b" } });
});

test("reads a file that is a part of a larger buffer", () => {
  const bytes = encodeParquet(batchOf([spanRow(0)]), { columns, metadata: {} });
  const larger = new Uint8Array(bytes.length + 14);
  larger.set(bytes, 7);
  expect(readFooter(larger.subarray(7, 7 + bytes.length))?.rows).toBe(1);
});

test("answers or declines, and never throws, whatever the footer holds", () => {
  const bytes = encodeParquet(batchOf([spanRow(0)]), { columns, metadata: { a: "b" } });
  const change = fc.record({ back: fc.integer({ min: 1, max: 3000 }), byte: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
      const damaged = bytes.slice();
      for (const { back, byte } of changes) damaged[Math.max(0, bytes.length - back)] = byte;
      const footer = readFooter(damaged);
      expect(footer === undefined || typeof footer.rows === "number").toBe(true);
    }),
    { numRuns: 2000 },
  );
});
