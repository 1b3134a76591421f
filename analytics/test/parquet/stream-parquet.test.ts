import * as fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { afterAll, expect, test } from "vitest";
import { sql } from "../../src/duckdb/sql.ts";
import { readFooter } from "../../src/parquet/read-footer.ts";
import { streamParquet, type TableColumn } from "../../src/parquet/stream-parquet.ts";
import { DuckDbReader } from "./readers.ts";

interface Row {
  readonly name: string | undefined;
  readonly amount: bigint | undefined;
  readonly at: bigint | undefined;
  readonly isDone: boolean | undefined;
  readonly share: number | undefined;
}

const COLUMNS: readonly TableColumn<Row>[] = [
  { name: "name", type: "text", valueOf: (row) => row.name },
  { name: "amount", type: "int64", valueOf: (row) => row.amount },
  { name: "at", type: "timestamp", valueOf: (row) => row.at },
  { name: "is_done", type: "bool", valueOf: (row) => row.isDone },
  { name: "share", type: "double", valueOf: (row) => row.share },
];

const YEAR_3000_MICROS = 32_503_680_000_000_000n;
const perhaps = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined, freq: 4 });
const rows = fc.array(
  fc.record<Row>({
    name: perhaps(
      fc.oneof(fc.constantFrom("a", "", "gpt-4o", "ü".repeat(90)), fc.string({ unit: "grapheme" })),
    ),
    amount: perhaps(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    at: perhaps(fc.bigInt({ min: 0n, max: YEAR_3000_MICROS })),
    isDone: perhaps(fc.boolean()),
    share: perhaps(fc.double({ noNaN: true })),
  }),
  { maxLength: 40 },
);

const duckDb = new DuckDbReader();
afterAll(() => duckDb.close());

async function* groupsOf(groups: readonly (readonly Row[])[]): AsyncGenerator<readonly Row[]> {
  yield* groups;
}

async function bytesOf(groups: readonly (readonly Row[])[]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of streamParquet(COLUMNS, groupsOf(groups))) parts.push(part);
  return Buffer.concat(parts);
}

/** As both readers name and type them. */
const tableOf = (groups: readonly (readonly Row[])[]): unknown[] =>
  groups.flat().map(({ name = null, amount = null, at = null, isDone = null, share = null }) => ({
    name,
    amount,
    at,
    is_done: isDone,
    share,
  }));

test("what is streamed is what DuckDB and hyparquet read, whatever the groups", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(rows, { maxLength: 5 }), async (groups) => {
      const bytes = await bytesOf(groups);
      const read = await duckDb.query(
        bytes,
        (file) =>
          sql`SELECT name, amount, epoch_us("at") AS "at", is_done, share FROM read_parquet(${[file]})`,
      );
      expect(read).toEqual(tableOf(groups));
      const other = await parquetReadObjects({
        file: Uint8Array.from(bytes).buffer,
        compressors,
        parsers: { timestampFromMicroseconds: (micros) => micros },
      });
      const nulls = { name: null, amount: null, at: null, is_done: null, share: null };
      expect(other.map((row) => Object.assign({}, nulls, row))).toEqual(tableOf(groups));
    }),
    { numRuns: 60 },
  );
});

test("rows of one group are written before those of the next are asked for", async () => {
  let asked = 0;
  const row = { name: "a", amount: 1n, at: 1n, isDone: true, share: 0.5 };
  async function* groups(): AsyncGenerator<readonly Row[]> {
    while (asked < 5) {
      asked += 1;
      yield [row];
    }
  }
  const parts = streamParquet(COLUMNS, groups());
  const askedAfterPart: number[] = [];
  const seen: Uint8Array[] = [];
  for await (const part of parts) {
    askedAfterPart.push(asked);
    seen.push(part.slice());
    // What was handed over is the reader's: whatever it does with it, the file stays whole.
    part.fill(0);
  }
  expect(askedAfterPart).toEqual([0, 1, 2, 3, 4, 5, 5]);
  expect(readFooter(Buffer.concat(seen))).toEqual({ rows: 5, metadata: {} });
});

test("a stream that broke off is no Parquet file", async () => {
  const parts: Uint8Array[] = [];
  const row = { name: "a", amount: 1n, at: 1n, isDone: true, share: 0.5 };
  for await (const part of streamParquet(COLUMNS, groupsOf([[row], [row]]))) parts.push(part);
  expect(readFooter(Buffer.concat(parts.slice(0, -1)))).toBeUndefined();
});
