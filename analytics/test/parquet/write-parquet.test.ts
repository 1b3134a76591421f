import { RowBatch, addDictionaryEntry, setPlain } from "@lensai/otel-config/span-row/row-batch";
import { readRow } from "@lensai/otel-config/span-row/span-row";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import * as fc from "fast-check";
import { parquetMetadata } from "hyparquet";
import { afterAll, describe, expect, test } from "vitest";
import { sql } from "../../src/duckdb/sql.ts";
import { encodeParquet } from "../../src/parquet/write-parquet.ts";
import { batchOf, columnNames, spanRow } from "../support/span-rows.ts";
import {
  SAMPLE_COLUMNS,
  batchFrom,
  numbersFrom,
  randomTables,
  tableRows,
} from "./random-columns.ts";
import { DuckDbReader, readWithHyparquet } from "./readers.ts";

/** Hundreds of files, each read twice. */
const MANY_FILES_MS = 60_000;

const duckDb = new DuckDbReader();
afterAll(() => duckDb.close());

/** What both readers find. */
async function readByBoth(
  bytes: Uint8Array,
  columns: readonly string[],
): Promise<{ hyparquet: SpanRow[]; duckDb: SpanRow[] }> {
  return { hyparquet: await readWithHyparquet(bytes), duckDb: await duckDb.rows(bytes, columns) };
}

const both = (rows: readonly SpanRow[]) => ({ hyparquet: rows, duckDb: rows });

describe("what is written is what is read, by DuckDB and by hyparquet", () => {
  test("for random tables", { timeout: MANY_FILES_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(randomTables, async (table) => {
        const rows = tableRows(table);
        const bytes = encodeParquet(batchFrom(rows), { columns: SAMPLE_COLUMNS, metadata: {} });
        expect(await readByBoth(bytes, SAMPLE_COLUMNS)).toEqual(both(rows));
      }),
      { numRuns: 100 },
    );
  });

  test(
    "for random selections of rows, in the order asked for",
    { timeout: MANY_FILES_MS },
    async () => {
      await fc.assert(
        fc.asyncProperty(randomTables, fc.nat(), fc.nat(2), async (table, seed, order) => {
          const rows = tableRows(table);
          const random = numbersFrom(seed);
          const chosen = rows.map((_, row) => row).filter(() => random(3) > 0);
          if (order === 1) chosen.reverse();
          if (order === 2) chosen.sort((a, b) => ((a * 7919) % 101) - ((b * 7919) % 101));
          const bytes = encodeParquet(batchFrom(rows), {
            rows: Uint32Array.from(chosen),
            columns: SAMPLE_COLUMNS,
            metadata: {},
          });
          const expected = chosen.map((row) => rows[row] as SpanRow);
          expect(await readByBoth(bytes, SAMPLE_COLUMNS)).toEqual(both(expected));
        }),
        { numRuns: 60 },
      );
    },
  );

  test("for every column of both files", async () => {
    const row = spanRow(0, {
      trace_id: "t",
      status: "ok",
      tool_definitions: "[]",
      output_messages: "[1]",
      links: "[2]",
      redaction_count: 3n,
    });
    for (const file of ["spans", "content"] as const) {
      const columns = columnNames(file);
      const bytes = encodeParquet(batchOf([row, row]), { columns, metadata: {} });
      const whole = readRow(batchOf([row]), 0);
      const expected = Object.fromEntries(columns.map((name) => [name, whole[name] ?? null]));
      expect(await readByBoth(bytes, columns)).toEqual(both([expected, expected]));
    }
  });

  test.each([0, 1])("for %i rows", async (rowCount) => {
    const rows = Array.from({ length: rowCount }, () => readRow(batchOf([spanRow(0)]), 0));
    const columns = [...columnNames("spans"), ...columnNames("content")];
    const bytes = encodeParquet(batchOf(rows), { columns, metadata: {} });
    expect(await duckDb.rows(bytes, columns)).toEqual(rows);
    expect(parquetMetadata(bytes.slice().buffer).num_rows).toBe(BigInt(rowCount));
  });

  test("for 70,000 different values and for two values in 131,072 rows", async () => {
    const batch = new RowBatch(131_072);
    const { codes } = batch.dictionary("session_id");
    const session = batch.dictionary("session_id");
    const user = batch.dictionary("user_id");
    const even = addDictionaryEntry(user, Buffer.from("even"));
    const odd = addDictionaryEntry(user, Buffer.from("odd"));
    for (let row = 0; row < batch.capacity; row += 1) {
      const isNew = row < 70_000;
      codes[row] = isNew
        ? addDictionaryEntry(session, Buffer.from(`session ${row}`))
        : row - 69_999;
      user.codes[row] = row % 2 === 0 ? even : odd;
    }
    batch.rowCount = batch.capacity;
    const bytes = encodeParquet(batch, { columns: ["session_id", "user_id"], metadata: {} });
    const [counts] = await duckDb.query(
      bytes,
      (file) => sql`SELECT count(*) AS n, count(DISTINCT session_id) AS sessions,
        count(*) FILTER (WHERE user_id = 'even' AND file_row_number % 2 = 0) AS even,
        count(*) FILTER (WHERE session_id = 'session ' || (file_row_number % 70000)) AS right_ones
        FROM read_parquet(${[file]}, file_row_number = true)`,
    );
    expect(counts).toEqual({ n: 131_072n, sessions: 70_000n, even: 65_536n, right_ones: 131_072n });
    const rows = await readWithHyparquet(bytes);
    expect(rows[131_071]).toEqual({ session_id: "session 61071", user_id: "odd" });
  });

  test("for texts of several megabytes, and for pages that end with any row", async () => {
    const sizes = [5_000_000, 0, 1_048_571, 1, 1_048_572, 1_048_573, 3, 2_000_000];
    const rows = sizes.map((size, row) => ({
      attributes: String.fromCodePoint(97 + row).repeat(size),
      links: row % 3 === 0 ? null : "é".repeat(size),
    }));
    const columns = ["attributes", "links"];
    const bytes = encodeParquet(batchFrom(rows), { columns, metadata: {} });
    expect(await readByBoth(bytes, columns)).toEqual(both(rows));
  });
});

describe("the file", () => {
  test.each([
    ["any", 50],
    ["rising", 50],
    ["rising", 12],
    ["runs", 50],
  ] as const)(
    "does not depend on what was written before, and shares no memory (%s, %i rows)",
    (spread, rowCount) => {
      const shapes = SAMPLE_COLUMNS.map(() => ({ spread, nulls: "some" as const }));
      const big = batchFrom(tableRows({ rowCount: 1025, seed: 5, shapes }));
      const small = batchFrom(tableRows({ rowCount, seed: 6, shapes }));
      const options = { columns: SAMPLE_COLUMNS, metadata: { a: "b" } };
      const first = encodeParquet(small, options);
      const copy = first.slice();
      encodeParquet(big, options);
      expect(Buffer.compare(first, copy)).toBe(0);
      expect(Buffer.compare(encodeParquet(small, options), copy)).toBe(0);
    },
  );

  test("holds no text of rows that were not selected, nor of entries that no row uses", () => {
    const batch = batchFrom([
      { user_id: "SELECTED-one", attributes: "SELECTED-two" },
      { user_id: "LEFT-OUT-one", attributes: "LEFT-OUT-two" },
    ]);
    addDictionaryEntry(batch.dictionary("user_id"), Buffer.from("LEFT-OUT-three"));
    const columns = ["user_id", "attributes"];
    const bytes = encodeParquet(batch, { rows: Uint32Array.of(0), columns, metadata: {} });
    const text = Buffer.from(bytes).toString("latin1");
    expect(text).toContain("SELECTED-one");
    expect(text).toContain("SELECTED-two");
    expect(text).not.toContain("LEFT-OUT");
  });

  test("a value that was written twice counts once, the last time", async () => {
    const batch = batchFrom([{ attributes: "first" }, { attributes: "second" }]);
    setPlain(batch.plain("attributes"), 0, Buffer.from("overwritten"));
    setPlain(batch.plain("attributes"), 1, Buffer.from("also"));
    const bytes = encodeParquet(batch, { columns: ["attributes"], metadata: {} });
    const rows = [{ attributes: "overwritten" }, { attributes: "also" }];
    expect(await readByBoth(bytes, ["attributes"])).toEqual(both(rows));
  });

  test("says in the footer what its columns hold", async () => {
    const rows = [
      spanRow(0, { cost_nano_usd: -5n, user_id: "bob", billed: false, attributes: "{}" }),
      spanRow(1, { cost_nano_usd: 2n ** 62n, user_id: "ann", project_id: "p0" }),
      spanRow(2, { billed: null, user_id: "é" }),
    ];
    const columns = [
      "project_id",
      "user_id",
      "start_time",
      "cost_nano_usd",
      "billed",
      "attributes",
    ];
    const bytes = encodeParquet(batchOf(rows), { columns, metadata: {} });
    const statistics = await duckDb.query(
      bytes,
      (
        file,
      ) => sql`SELECT path_in_schema AS name, stats_min_value AS least, stats_max_value AS most,
        stats_null_count AS nulls, num_values AS n FROM parquet_metadata(${[file]})`,
    );
    expect(statistics).toEqual([
      { name: "project_id", least: "p0", most: "p1", nulls: 0n, n: 3n },
      { name: "user_id", least: "ann", most: "é", nulls: 0n, n: 3n },
      {
        name: "start_time",
        least: "2026-03-02 00:00:00+00",
        most: "2026-03-02 00:00:00.002+00",
        nulls: 0n,
        n: 3n,
      },
      { name: "cost_nano_usd", least: "-5", most: String(2n ** 62n), nulls: 1n, n: 3n },
      { name: "billed", least: "false", most: "true", nulls: 1n, n: 3n },
      { name: "attributes", least: null, most: null, nulls: 2n, n: 3n },
    ]);
  });

  test("names types that other tools understand", async () => {
    const columns = ["user_id", "start_time", "cost_nano_usd", "billed"];
    const bytes = encodeParquet(batchOf([spanRow(0)]), { columns, metadata: {} });
    const types = await duckDb.query(
      bytes,
      (file) => sql`SELECT column_name AS name, column_type AS kind
        FROM (DESCRIBE SELECT * FROM read_parquet(${[file]}))`,
    );
    expect(types).toEqual([
      { name: "user_id", kind: "VARCHAR" },
      { name: "start_time", kind: "TIMESTAMP WITH TIME ZONE" },
      { name: "cost_nano_usd", kind: "BIGINT" },
      { name: "billed", kind: "BOOLEAN" },
    ]);
    const { schema } = parquetMetadata(bytes.slice().buffer);
    expect(schema.map(({ repetition_type: repetition }) => repetition)).toEqual([
      undefined,
      "OPTIONAL",
      "REQUIRED",
      "OPTIONAL",
      "OPTIONAL",
    ]);
  });

  test("a column of NULLs or of one value costs next to nothing", () => {
    const rows = Array.from({ length: 10_000 }, () => ({
      user_id: "always the same",
      tenant: null,
    }));
    const batch = batchFrom(rows);
    const size = (columns: string[]) => encodeParquet(batch, { columns, metadata: {} }).length;
    const none = size([]);
    expect(size(["tenant"]) - none).toBeLessThan(120);
    expect(size(["attributes"]) - none).toBeLessThan(120);
    expect(size(["cost_nano_usd"]) - none).toBeLessThan(120);
    expect(size(["user_id"]) - none).toBeLessThan(200);
  });
});

describe("refuses", () => {
  test("a column that does not exist", () => {
    const options = { columns: ["nope"], metadata: {} };
    expect(() => encodeParquet(batchOf([]), options)).toThrow('"nope" is not a column');
  });

  test("NULL in a column that is not nullable", () => {
    const options = { columns: ["project_id"], metadata: {} };
    expect(() => encodeParquet(batchOf([{}]), options)).toThrow('"project_id" needs a value');
  });

  test("more rows than a file holds", () => {
    const rows = new Uint32Array(2 ** 20 + 1);
    const options = { rows, columns: ["links"], metadata: {} };
    expect(() => encodeParquet(batchOf([{}]), options)).toThrow("at most 1048576 rows");
    const most = encodeParquet(batchOf([{}]), { ...options, rows: rows.subarray(1) });
    expect(parquetMetadata(most.slice().buffer).num_rows).toBe(2n ** 20n);
  });
});
