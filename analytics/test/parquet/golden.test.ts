import { readFile } from "node:fs/promises";
import { SPAN_COLUMNS, SPAN_ROW_VERSION, columnIndex } from "@lensai/otel-config/span-row/columns";
import type { ColumnFile, ColumnSpec } from "@lensai/otel-config/span-row/columns";
import type { RowValue, SpanRow } from "@lensai/otel-config/span-row/span-row";
import { afterAll, describe, expect, test } from "vitest";
import { readFooter } from "../../src/parquet/read-footer.ts";
import { encodeParquet } from "../../src/parquet/write-parquet.ts";
import { batchOf, columnNames } from "../support/span-rows.ts";
import { DuckDbReader, readWithHyparquet } from "./readers.ts";

/*
 * Files as they were written by each version of the row. Files of users look like them: a change that
 * cannot read one, or that writes the current one differently, is a change of the lake's format. To add
 * the file of a new version, write what `golden` below returns to golden/<file>-v<version>.parquet.
 */

const ROWS = 24;
const OLDER_VERSIONS = Array.from({ length: SPAN_ROW_VERSION - 1 }, (_, at) => at + 1);
const duckDb = new DuckDbReader();
afterAll(() => duckDb.close());

function goldenRow(row: number): SpanRow {
  return Object.fromEntries(SPAN_COLUMNS.map((spec) => [spec.name, goldenValue(spec, row)]));
}

/** Each column has values that repeat, values that do not, extremes and NULLs; none depends on the others. */
function goldenValue(spec: ColumnSpec, row: number): RowValue {
  const step = row + spec.name.length;
  if (spec.nullable && step % 5 === 0) return null;
  switch (spec.type) {
    case "bool":
      return step % 2 === 0;
    case "int64":
    case "timestamp":
      return step % 7 === 0 ? 2n ** 62n : BigInt(step * step * 1001);
    case "text":
      return spec.encoding === "plain" ? `${spec.name} ${step} é😀` : `${spec.name} ${step % 3}`;
  }
}

function golden(file: ColumnFile): { columns: string[]; rows: SpanRow[]; bytes: Uint8Array } {
  const keys = file === "content" ? ["project_id", "trace_id", "span_id"] : [];
  const columns = [...keys, ...columnNames(file)];
  const whole = Array.from({ length: ROWS }, (_, row) => goldenRow(row));
  const bytes = encodeParquet(batchOf(whole), { columns, metadata: { "lensai.golden": file } });
  const rows = whole.map((row) =>
    Object.fromEntries(columns.map((name) => [name, row[name] ?? null])),
  );
  return { columns, rows, bytes };
}

const stored = (file: ColumnFile, version: number) =>
  readFile(new URL(`golden/${file}-v${version}.parquet`, import.meta.url));

describe.each(["spans", "content"] as const)("%s", (file) => {
  test("the current version is written as it was", async () => {
    const { bytes } = golden(file);
    expect(Buffer.compare(bytes, await stored(file, SPAN_ROW_VERSION))).toBe(0);
  });

  test.each(OLDER_VERSIONS)("version %i is read as it was", async (version) => {
    const bytes = await stored(file, version);
    const { columns, rows } = golden(file);
    const known = columns.filter(
      (name) => (SPAN_COLUMNS[columnIndex(name)] as ColumnSpec).since <= version,
    );
    const expected = rows.map((row) =>
      Object.fromEntries(known.map((name) => [name, row[name] ?? null])),
    );
    expect(readFooter(bytes)).toEqual({ rows: ROWS, metadata: { "lensai.golden": file } });
    expect(await readWithHyparquet(bytes)).toEqual(expected);
    expect(await duckDb.rows(bytes, known)).toEqual(expected);
  });
});
