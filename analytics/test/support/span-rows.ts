import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SPAN_COLUMNS } from "@lensai/otel-config/span-row/columns";
import type { ColumnFile } from "@lensai/otel-config/span-row/columns";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { appendRow } from "@lensai/otel-config/span-row/span-row";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
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

export function batchOf(rows: readonly SpanRow[]): RowBatch {
  const batch = new RowBatch(Math.max(1, rows.length));
  for (const row of rows) appendRow(batch, row, 0);
  return batch;
}

/** A folder with Parquet files, removed by `remove`. */
export interface TestLake {
  readonly folder: string;
  write(name: string, rows: readonly SpanRow[], file?: ColumnFile): Promise<string>;
  remove(): Promise<void>;
}

export async function createTestLake(): Promise<TestLake> {
  const folder = await mkdtemp(join(tmpdir(), "lensai-queries-"));
  return {
    folder,
    async write(name, rows, file = "spans") {
      const path = join(folder, `${name}.parquet`);
      const keys = file === "content" ? ["project_id", "trace_id", "span_id"] : [];
      const columns = [...keys, ...columnNames(file)];
      await writeFile(path, encodeParquet(batchOf(rows), { columns, metadata: {} }));
      return path;
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
