import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CONTENT_KEY_COLUMNS, SPAN_COLUMNS } from "@lensai/otel-config/span-row/columns";
import type { ColumnFile } from "@lensai/otel-config/span-row/columns";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { appendRow } from "@lensai/otel-config/span-row/span-row";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { afterAll, beforeAll } from "vitest";
import { DuckDb } from "../../src/duckdb/connect.ts";
import { encodeParquet } from "../../src/parquet/write-parquet.ts";

/** 2026-03-02T00:00:00Z, a Monday. */
export const DAY_MS: number = Date.UTC(2026, 2, 2);

export function columnNames(file: ColumnFile): string[] {
  return SPAN_COLUMNS.filter((spec) => spec.file === file).map((spec) => spec.name);
}

/** One row: a billed call of project "p1" that started `startMs` after DAY_MS, unless told otherwise. */
export function spanRow(startMs: number, values: SpanRow = {}): SpanRow {
  const startUnixNano = BigInt(DAY_MS + startMs) * 1_000_000n;
  return {
    project_id: "p1",
    batch_id: "0123456789abcdef",
    start_time: startUnixNano / 1000n,
    start_unix_nano: startUnixNano,
    received_at: startUnixNano / 1000n + 2_000_000n,
    signal: "span",
    status: "unset",
    billed: true,
    ...values,
  };
}

/** All of one day, which is that of their files. */
export function batchOf(rows: readonly SpanRow[], day = 0): RowBatch {
  const batch = new RowBatch(Math.max(1, rows.length));
  for (const row of rows) appendRow(batch, row, day);
  return batch;
}

/** A folder with Parquet files. */
export interface TestLake {
  readonly folder: string;
  /** Writes one file and answers its path. */
  write(name: string, rows: readonly SpanRow[], file?: ColumnFile): Promise<string>;
}

/** A lake and a database for the tests of one file: made before its first test, gone after its last. */
export function useTestLake(): { readonly duckDb: DuckDb; readonly lake: TestLake } {
  const duckDb = new DuckDb();
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "lensai-queries-"));
  });
  afterAll(async () => {
    await duckDb.close();
    await rm(folder, { recursive: true });
  });
  const lake: TestLake = {
    get folder() {
      return folder;
    },
    async write(name, rows, file = "spans") {
      const path = join(folder, `${name}.parquet`);
      const keys = file === "content" ? CONTENT_KEY_COLUMNS : [];
      const columns = [...keys, ...columnNames(file)];
      await writeFile(path, encodeParquet(batchOf(rows), { columns, metadata: {} }));
      return path;
    },
  };
  return { duckDb, lake };
}
