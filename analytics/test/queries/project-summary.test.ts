import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeParquet } from "../../src/parquet/write-parquet.ts";
import { projectSummary } from "../../src/queries/project-summary.ts";
import { MAX_UNIX_MS } from "../../src/queries/query-source.ts";
import { DAY_MS, batchOf, columnNames, useTestLake, spanRow } from "../support/span-rows.ts";

const HOUR_MS = 3_600_000;
const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + HOUR_MS };
const { duckDb, lake } = useTestLake();

test("sums what is known, and says how many calls have no price", async () => {
  const file = await lake.write("sums", [
    spanRow(0, {
      cost_nano_usd: 9_007_199_254_740_993n,
      input_tokens: 100n,
      output_tokens: 10n,
      cache_read_tokens: 60n,
      duration_ns: 1_000_000_000n,
      ttft_ns: 200_000_000n,
    }),
    spanRow(1, {
      usage_source: "estimated",
      cost_nano_usd: 2n,
      input_tokens: 50n,
      duration_ns: 3_000_000_000n,
    }),
    spanRow(2, { status: "error", usage_source: "estimated", duration_ns: 2_000_000_000n }),
    spanRow(3, { billed: false, cost_nano_usd: 1000n, input_tokens: 7n, status: "error" }),
    spanRow(4, { billed: null, cost_nano_usd: 1000n, duration_ns: 1n }),
  ]);
  const summary = await projectSummary("p1", range, { duckDb, source: { files: [file] } });
  expect(summary).toEqual({
    calls: 3,
    pricedCalls: 2,
    unpricedCalls: 1,
    costNanoUsd: 9_007_199_254_740_995n,
    estimatedNanoUsd: 2n,
    estimatedCalls: 1,
    errorCalls: 1,
    inputTokens: 150,
    outputTokens: 10,
    cacheReadTokens: 60,
    latencyMs: { p50: 2000, p95: expect.closeTo(2900, 6) as number },
    ttftMs: { p50: 200, p95: 200 },
    newestReceivedUnixMs: DAY_MS + 4 + 2000,
  });
});

test("a failed call is a call and an error, and lacks neither price nor tokens", async () => {
  const file = await lake.write("failed", [
    spanRow(0, { cost_nano_usd: 5n, input_tokens: 10n, bill_rule: "call" }),
    spanRow(1, { billed: false, bill_rule: "failed", status: "error" }),
  ]);
  const summary = await projectSummary("p1", range, { duckDb, source: { files: [file] } });
  expect(summary).toMatchObject({ calls: 2, errorCalls: 1, pricedCalls: 1, unpricedCalls: 0 });
  expect(summary).toMatchObject({ costNanoUsd: 5n, inputTokens: 10 });
});

test("a cost that no call knows is unknown, not zero", async () => {
  const file = await lake.write("unknown", [spanRow(0), spanRow(1)]);
  const summary = await projectSummary("p1", range, { duckDb, source: { files: [file] } });
  expect(summary.calls).toBe(2);
  expect(summary.costNanoUsd).toBeUndefined();
  expect(summary.inputTokens).toBeUndefined();
  expect(summary.latencyMs).toEqual({ p50: undefined, p95: undefined });
});

test("an answer of a batch, which ends when it starts, is not a fast call", async () => {
  const answers = Array.from({ length: 5 }, (_, at) => spanRow(at, { duration_ns: 0n }));
  const file = await lake.write("batch", [...answers, spanRow(9, { duration_ns: 4_000_000n })]);
  const summary = await projectSummary("p1", range, { duckDb, source: { files: [file] } });
  expect(summary).toMatchObject({ calls: 6, latencyMs: { p50: 4, p95: 4 } });
});

test("a known cost of zero is zero", async () => {
  const file = await lake.write("free", [spanRow(0, { cost_nano_usd: 0n })]);
  const summary = await projectSummary("p1", range, { duckDb, source: { files: [file] } });
  expect(summary.costNanoUsd).toBe(0n);
});

test("counts from the first moment of the range up to the last one before its end", async () => {
  const edge = HOUR_MS;
  const file = await lake.write("edges", [
    spanRow(-1, { cost_nano_usd: 1n }),
    spanRow(0, { cost_nano_usd: 10n }),
    spanRow(edge - 1, { cost_nano_usd: 100n }),
    spanRow(edge, { cost_nano_usd: 1000n }),
  ]);
  const source = { files: [file] };
  expect((await projectSummary("p1", range, { duckDb, source })).costNanoUsd).toBe(110n);
  const next = { fromUnixMs: range.toUnixMs, toUnixMs: range.toUnixMs + 1 };
  expect((await projectSummary("p1", next, { duckDb, source })).costNanoUsd).toBe(1000n);
});

test("never counts another project's rows in the same file", async () => {
  const file = await lake.write("projects", [
    spanRow(0, { cost_nano_usd: 1n }),
    spanRow(0, { project_id: "p2", cost_nano_usd: 5n }),
    spanRow(0, { project_id: "p1 ", cost_nano_usd: 7n }),
  ]);
  const target = { duckDb, source: { files: [file] } };
  expect((await projectSummary("p1", range, target)).costNanoUsd).toBe(1n);
  expect((await projectSummary("p2", range, target)).costNanoUsd).toBe(5n);
  expect((await projectSummary("' OR 1=1 --", range, target)).calls).toBe(0);
});

test("adds up several files, and reads columns in whatever order they stand", async () => {
  const files = [
    await lake.write("one", [spanRow(0, { cost_nano_usd: 1n })]),
    await lake.write("two", [spanRow(5, { cost_nano_usd: 2n }), spanRow(6)]),
  ];
  const summary = await projectSummary("p1", range, { duckDb, source: { files } });
  expect([summary.calls, summary.costNanoUsd]).toEqual([3, 3n]);
});

test("a column that a file does not have yet counts as unknown", async () => {
  const newer = await lake.write("newer", [spanRow(0, { cost_nano_usd: 1n, input_tokens: 5n })]);
  const columns = columnNames("spans").filter((name) => name !== "input_tokens");
  const older = join(lake.folder, "older.parquet");
  const rows = batchOf([spanRow(1, { cost_nano_usd: 2n })]);
  await writeFile(older, encodeParquet(rows, { columns, metadata: {} }));
  for (const files of [
    [older, newer],
    [newer, older],
  ]) {
    const summary = await projectSummary("p1", range, { duckDb, source: { files } });
    expect(summary).toMatchObject({ calls: 2, costNanoUsd: 3n, inputTokens: 5 });
  }
});

test("files with the same columns are read the same way without comparing them", async () => {
  const files = [
    await lake.write("same-1", [spanRow(0, { cost_nano_usd: 1n })]),
    await lake.write("same-2", [spanRow(0, { cost_nano_usd: 2n })]),
  ];
  const summary = await projectSummary("p1", range, {
    duckDb,
    source: { files, isUniform: true },
  });
  expect(summary.costNanoUsd).toBe(3n);
});

test("has an empty answer for no files, and for files without rows of the range", async () => {
  const empty = {
    calls: 0,
    pricedCalls: 0,
    unpricedCalls: 0,
    costNanoUsd: 0n,
    estimatedNanoUsd: 0n,
    estimatedCalls: 0,
    errorCalls: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    latencyMs: { p50: undefined, p95: undefined },
    ttftMs: { p50: undefined, p95: undefined },
    newestReceivedUnixMs: undefined,
  };
  const files = [await lake.write("none", []), await lake.write("later", [spanRow(HOUR_MS)])];
  expect(await projectSummary("p1", range, { duckDb, source: { files } })).toEqual(empty);
  expect(await projectSummary("p1", range, { duckDb, source: { files: [] } })).toEqual(empty);
});

test.each([
  { fromUnixMs: 5, toUnixMs: 5 },
  { fromUnixMs: 6, toUnixMs: 5 },
  { fromUnixMs: -1, toUnixMs: 5 },
  { fromUnixMs: 0.5, toUnixMs: 5 },
  { fromUnixMs: 0, toUnixMs: Number.NaN },
  { fromUnixMs: 0, toUnixMs: 400 * 86_400_000 + 1 },
  { fromUnixMs: MAX_UNIX_MS, toUnixMs: MAX_UNIX_MS + 1 },
])("refuses the range %o", async (bad) => {
  const asked = projectSummary("p1", bad, { duckDb, source: { files: [] } });
  await expect(asked).rejects.toMatchObject({ code: "query.invalid" });
});

test("takes the last millisecond that a start time can have", async () => {
  const last = { fromUnixMs: MAX_UNIX_MS - 1, toUnixMs: MAX_UNIX_MS };
  const files = [await lake.write("last", [spanRow(MAX_UNIX_MS - 1 - DAY_MS)])];
  expect(await projectSummary("p1", last, { duckDb, source: { files } })).toMatchObject({
    calls: 1,
  });
});

test("takes the longest range", async () => {
  const longest = { fromUnixMs: 0, toUnixMs: 400 * 86_400_000 };
  const summary = await projectSummary("p1", longest, { duckDb, source: { files: [] } });
  expect(summary.calls).toBe(0);
});
