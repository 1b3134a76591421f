import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SPAN_COLUMNS } from "@lensai/otel-config/span-row/columns";
import { BacktestRun } from "../src/budgets/backtest.ts";
import { DuckDb } from "../src/duckdb/connect.ts";
import { encodeParquet } from "../src/parquet/write-parquet.ts";
import { visitCallsInScope } from "../src/queries/calls-in-scope.ts";
import { scopeSpend } from "../src/queries/scope-spend.ts";
import { generateBatch } from "./generated-rows.ts";

/*
 * Milliseconds of a back-test over a million billed calls of one project in 30 days, for all together and for each
 * user, beside the sum over the same calls, which every page of figures asks for.
 */

const DAYS = 30;
const DAY_MS = 86_400_000;
const FROM_MS = Date.UTC(2026, 2, 1);
const FILES = 30;
/** Of three projects; one span of four is no call. */
const ROWS_PER_FILE = 136_000;
const ROUNDS = 5;

async function writeLake(folder: string): Promise<string[]> {
  const columns = SPAN_COLUMNS.filter((spec) => spec.file === "spans").map((spec) => spec.name);
  const files: string[] = [];
  for (let index = 0; index < FILES; index += 1) {
    const fromUnixMs = FROM_MS + (index * DAYS * DAY_MS) / FILES;
    const times = { fromUnixMs, toUnixMs: fromUnixMs + (DAYS * DAY_MS) / FILES };
    const batch = generateBatch({
      rows: ROWS_PER_FILE,
      seed: index + 1,
      hasContent: false,
      ...times,
    });
    const file = join(folder, `${index}.parquet`);
    await writeFile(file, encodeParquet(batch, { columns, metadata: {} }));
    files.push(file);
  }
  return files;
}

async function medianMs(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times.toSorted((one, other) => one - other)[ROUNDS >> 1] ?? 0;
}

const folder = await mkdtemp(join(tmpdir(), "lensai-backtest-"));
const duckDb = new DuckDb({ memoryLimit: "1GB" });
const target = { duckDb, source: { files: await writeLake(folder), isUniform: true } };
const range = { fromUnixMs: FROM_MS, toUnixMs: FROM_MS + (DAYS + 1) * DAY_MS };
const [spend] = await scopeSpend("project-1", [{ ...range, scope: {} }], target);
const { calls = 0, costNanoUsd = 0n } = spend ?? {};

async function backtest(isForEach: boolean): Promise<number> {
  const run = new BacktestRun({
    // Half of what an average day, or user, costs.
    limitNanoUsd: costNanoUsd / (isForEach ? 60_000n : 60n),
    isForEach,
    unknownPrice: "assume_family_max",
    thresholdsPercent: [50, 90, 100],
    periodAt: (unixMs) => {
      const startMs = Math.floor(unixMs / DAY_MS) * DAY_MS;
      return { startMs, endMs: startMs + DAY_MS };
    },
  });
  const input = { ...range, scope: {}, each: "user", visit: run.add.bind(run) } as const;
  await visitCallsInScope("project-1", input, target);
  return run.result().blockedCalls;
}

const sumMs = await medianMs(() => scopeSpend("project-1", [{ ...range, scope: {} }], target));
const rows: object[] = [{ what: "sum of the scope", calls, "p50 ms": Math.round(sumMs) }];
for (const isForEach of [false, true]) {
  const ms = await medianMs(() => backtest(isForEach));
  rows.push({
    what: isForEach ? "back-test for each user" : "back-test for all together",
    calls,
    "blocked calls": await backtest(isForEach),
    "p50 ms": Math.round(ms),
    "x the sum": Number((ms / sumMs).toFixed(1)),
  });
}
console.table(rows);
await duckDb.close();
await rm(folder, { recursive: true });
