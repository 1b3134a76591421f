import { SPAN_COLUMNS } from "@lensai/otel-config/span-row/columns";
import type { ColumnSpec } from "@lensai/otel-config/span-row/columns";
import type { Column, RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { Scratch } from "../src/parquet/scratch.ts";
import { encodeColumn, encodeParquet } from "../src/parquet/write-parquet.ts";
import { generateBatch } from "./generated-rows.ts";

/*
 * CPU time per span (all threads, median of the rounds) and bytes per span of the Parquet writer, and where
 * the time goes. The goals: 1500 ns and 95 bytes per span without content.
 */

const ROUNDS = 15;
const WARM_UP_ROUNDS = 5;
const CONTENT_KEYS = ["project_id", "trace_id", "span_id"];

function columnsOf(file: "spans" | "content"): string[] {
  const own = SPAN_COLUMNS.filter((spec) => spec.file === file).map((spec) => spec.name);
  return file === "content" ? [...CONTENT_KEYS, ...own] : own;
}

/** Median CPU time of one call, in nanoseconds per row. */
function measure(rows: number, work: () => void): number {
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) work();
  const samples = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    work();
    const used = process.cpuUsage(before);
    return ((used.user + used.system) * 1000) / rows;
  });
  return samples.sort((a, b) => a - b)[ROUNDS >> 1] as number;
}

/** Encodes the columns of one kind and throws the pages away: everything but compression. */
function encodeOnly(batch: RowBatch, names: readonly string[], scratch: Scratch): void {
  scratch.reserveRows(batch.rowCount);
  for (const name of names) {
    const index = SPAN_COLUMNS.findIndex((spec) => spec.name === name);
    const { nullable } = SPAN_COLUMNS[index] as ColumnSpec;
    const selection = { rows: scratch.identity, count: batch.rowCount, nullable };
    const encoded = encodeColumn(batch.columns[index] as Column, selection, scratch);
    for (const page of encoded.pages()) if (page.body.length < 0) throw new RangeError("never");
  }
}

function report(title: string, batch: RowBatch, columns: readonly string[]): void {
  const rows = batch.rowCount;
  const scratch = new Scratch();
  const kinds = ["dictionary", "plain", "int64", "bool"] as const;
  const byKind = kinds.map((kind) => {
    const names = columns.filter(
      (name) => batch.columns[SPAN_COLUMNS.findIndex((spec) => spec.name === name)]?.kind === kind,
    );
    const encodeNs = measure(rows, () => encodeOnly(batch, names, scratch));
    const options = { columns: names, metadata: {} };
    const wholeNs = measure(rows, () => void encodeParquet(batch, options));
    const bytes = encodeParquet(batch, options).length / rows;
    return { kind, columns: names.length, encodeNs, zstdNs: wholeNs - encodeNs, bytes };
  });
  const totalNs = measure(rows, () => void encodeParquet(batch, { columns, metadata: {} }));
  const bytes = encodeParquet(batch, { columns, metadata: {} }).length / rows;
  console.log(`${title}: ${rows} rows, ${columns.length} columns`);
  console.table(
    [
      ...byKind,
      {
        kind: "all",
        columns: columns.length,
        encodeNs: sum(byKind, "encodeNs"),
        zstdNs: totalNs - sum(byKind, "encodeNs"),
        bytes,
      },
    ].map((line) => ({
      kind: line.kind,
      columns: line.columns,
      "encode ns/span": Math.round(line.encodeNs),
      "zstd and file ns/span": Math.round(line.zstdNs),
      "total ns/span": Math.round(line.encodeNs + line.zstdNs),
      "B/span": Number(line.bytes.toFixed(1)),
    })),
  );
}

function sum(lines: readonly { encodeNs: number }[], key: "encodeNs"): number {
  return lines.reduce((total, line) => total + line[key], 0);
}

const time = { fromUnixMs: Date.UTC(2026, 2, 2, 9), toUnixMs: Date.UTC(2026, 2, 2, 9, 1) };
const lean = generateBatch({ rows: 65_536, seed: 1, hasContent: false, ...time });
report("spans", lean, columnsOf("spans"));
const full = generateBatch({ rows: 12_288, seed: 2, hasContent: true, ...time });
report("content", full, columnsOf("content"));
