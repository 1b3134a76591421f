import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SPAN_COLUMNS, columnIndex } from "@lensai/otel-config/span-row/columns";
import type { ColumnSpec } from "@lensai/otel-config/span-row/columns";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { DuckDb } from "../../src/duckdb/connect.ts";
import type { SqlRow } from "../../src/duckdb/connect.ts";
import { column, commaList, sql } from "../../src/duckdb/sql.ts";
import type { Sql } from "../../src/duckdb/sql.ts";

/** All rows of a Parquet file as hyparquet reads them: integers as bigint, timestamps as microseconds. */
export async function readWithHyparquet(bytes: Uint8Array): Promise<SpanRow[]> {
  const { buffer } = Uint8Array.from(bytes);
  const rows = await parquetReadObjects({
    file: buffer,
    compressors,
    parsers: { timestampFromMicroseconds: (micros) => micros },
  });
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? null])),
  ) as SpanRow[];
}

/** DuckDB over files in memory of the test: each is written to a folder of its own for the time it is read. */
export class DuckDbReader {
  readonly #duckDb = new DuckDb({ threads: 1 });
  #folder: string | undefined;

  async rows(bytes: Uint8Array, columns: readonly string[]): Promise<SpanRow[]> {
    const list = commaList(columns.map((name) => selected(name)));
    return (await this.query(
      bytes,
      (file) => sql`SELECT ${list} FROM read_parquet(${[file]})`,
    )) as SpanRow[];
  }

  async query(bytes: Uint8Array, statement: (file: string) => Sql): Promise<SqlRow[]> {
    this.#folder ??= await mkdtemp(join(tmpdir(), "lensai-parquet-"));
    const file = join(this.#folder, `${process.hrtime.bigint()}.parquet`);
    await writeFile(file, bytes);
    try {
      return await this.#duckDb.query(statement(file));
    } finally {
      await rm(file);
    }
  }

  async close(): Promise<void> {
    await this.#duckDb.close();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true });
  }
}

function selected(name: string): Sql {
  const spec = SPAN_COLUMNS[columnIndex(name)] as ColumnSpec;
  return spec.type === "timestamp"
    ? sql`epoch_us(${column(name)}) AS ${column(name)}`
    : column(name);
}
