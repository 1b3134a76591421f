import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SPAN_COLUMNS } from "@lensai/otel-config/span-row/columns";
import { DuckDb } from "../src/duckdb/connect.ts";
import { encodeParquet } from "../src/parquet/write-parquet.ts";
import { callDetail } from "../src/queries/call-detail.ts";
import { costOverTime } from "../src/queries/cost-over-time.ts";
import { newestCalls } from "../src/queries/newest-calls.ts";
import { projectSummary } from "../src/queries/project-summary.ts";
import { topGroups } from "../src/queries/top-groups.ts";
import { generateBatch } from "./generated-rows.ts";

/*
 * Milliseconds of every query of the console's page over a month of generated rows (1M rows, 3 projects):
 * median, slowest and CPU of the rounds, in large files and in small ones as they lie before compaction.
 */

const TOTAL_ROWS = 1_000_000;
const DAYS = 30;
const DAY_MS = 86_400_000;
const FROM_MS = Date.UTC(2026, 2, 1);
const ROUNDS = 9;
/** Generated rows start up to this much after their place in line. */
const JITTER_MS = 3000;
const PROJECT = "project-1";

async function writeLake(folder: string, fileCount: number): Promise<string[]> {
  const columns = SPAN_COLUMNS.filter((spec) => spec.file === "spans").map((spec) => spec.name);
  const rows = Math.floor(TOTAL_ROWS / fileCount);
  const stepMs = (DAYS * DAY_MS) / fileCount;
  const files: string[] = [];
  for (let index = 0; index < fileCount; index += 1) {
    const fromUnixMs = FROM_MS + index * stepMs;
    const times = { fromUnixMs, toUnixMs: fromUnixMs + stepMs };
    const batch = generateBatch({ rows, seed: index + 1, hasContent: false, ...times });
    const file = join(folder, `${fileCount}-${index}.parquet`);
    await writeFile(file, encodeParquet(batch, { columns, metadata: {} }));
    files.push(file);
  }
  return files;
}

interface Line {
  readonly query: string;
  readonly "p50 ms": number;
  readonly "max ms": number;
  readonly "CPU ms": number;
}

async function measure(query: string, work: () => Promise<unknown>): Promise<Line> {
  await work();
  const times: number[] = [];
  const before = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  const used = process.cpuUsage(before);
  times.sort((a, b) => a - b);
  return {
    query,
    "p50 ms": Number((times[ROUNDS >> 1] ?? 0).toFixed(1)),
    "max ms": Number((times.at(-1) ?? 0).toFixed(1)),
    "CPU ms": Number(((used.user + used.system) / 1000 / ROUNDS).toFixed(1)),
  };
}

async function run(folder: string, fileCount: number): Promise<void> {
  const files = await writeLake(folder, fileCount);
  const duckDb = new DuckDb();
  const stepMs = (DAYS * DAY_MS) / fileCount;
  const bounds = files.map((_, index) => ({
    fromUnixMs: FROM_MS + index * stepMs,
    toUnixMs: FROM_MS + (index + 1) * stepMs + JITTER_MS,
  }));
  const target = { duckDb, source: { files, bounds, isUniform: true } };
  const month = { fromUnixMs: FROM_MS, toUnixMs: FROM_MS + DAYS * DAY_MS };
  const day = { fromUnixMs: month.toUnixMs - DAY_MS, toUnixMs: month.toUnixMs };
  const ofDay = {
    duckDb,
    source: { files: files.slice(-Math.ceil(fileCount / DAYS)), isUniform: true },
  };
  const [line] = await newestCalls(PROJECT, { ...month, limit: 1 }, target);
  const record = { traceId: line?.traceId ?? "", spanId: line?.spanId ?? "" };
  const around = { fromUnixMs: day.toUnixMs - 7_200_000, toUnixMs: day.toUnixMs };
  const hourly = { intervalMs: 3_600_000, by: "model", series: 8 } as const;
  const lines = [
    await measure("summary, day", () => projectSummary(PROJECT, day, ofDay)),
    await measure("summary, month", () => projectSummary(PROJECT, month, target)),
    await measure("cost by hour, day", () => costOverTime(PROJECT, { ...day, ...hourly }, ofDay)),
    await measure("cost by hour, month", () =>
      costOverTime(PROJECT, { ...month, ...hourly }, target),
    ),
    await measure("top models, month", () =>
      topGroups(PROJECT, { ...month, by: "model", limit: 10 }, target),
    ),
    await measure("top users, month", () =>
      topGroups(PROJECT, { ...month, by: "user", limit: 10 }, target),
    ),
    await measure("newest 50, month", () => newestCalls(PROJECT, { ...month, limit: 50 }, target)),
    await measure("one call, 2 h", () => callDetail(PROJECT, { ...around, record }, ofDay)),
  ];
  console.log(`${fileCount} files, ${TOTAL_ROWS} rows, RSS ${process.memoryUsage.rss() >> 20} MB`);
  console.table(lines);
  await duckDb.close();
}

const folder = await mkdtemp(join(tmpdir(), "lensai-bench-"));
try {
  await run(folder, DAYS);
  await run(folder, 600);
} finally {
  await rm(folder, { recursive: true });
}
