import { join } from "node:path";
import { expect, test } from "vitest";
import { MAX_CALLS, newestCalls, windowsOf } from "../../src/queries/newest-calls.ts";
import type { TimeRange } from "../../src/queries/query-source.ts";
import { DAY_MS, useTestLake, spanRow } from "../support/span-rows.ts";

const HOUR_MS = 3_600_000;
const input = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 24 * HOUR_MS, limit: 100 };
const { duckDb, lake } = useTestLake();

test("gives each call with everything that was reported, and nothing for the rest", async () => {
  const file = await lake.write("lines", [
    spanRow(1500, {
      trace_id: "0af7651916cd43dd8448eb211c80319c",
      span_id: "b7ad6b7169203331",
      service_name: "shop",
      provider: "openai",
      request_model: "gpt",
      response_model: "gpt-1",
      user_id: "ann",
      operation: "chat",
      status: "ok",
      streaming: false,
      duration_ns: 1_500_000n,
      ttft_ns: 250_000n,
      cost_nano_usd: 42n,
      input_tokens: 7n,
      output_tokens: 6n,
      input_uncached_tokens: 5n,
      cache_read_tokens: 4n,
      cache_write_5m_tokens: 3n,
      cache_write_1h_tokens: 2n,
      reasoning_tokens: 0n,
      record_ordinal: 3n,
      usage_source: "estimated",
      usage_rule: "openlit-stream-estimates",
    }),
    spanRow(0),
  ]);
  const lines = await newestCalls("p1", input, { duckDb, source: { files: [file] } });
  expect(lines[0]).toEqual({
    startUnixNano: BigInt(DAY_MS + 1500) * 1_000_000n,
    startUnixMs: DAY_MS + 1500,
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    batchId: "0123456789abcdef",
    recordOrdinal: 3n,
    signal: "span",
    usageSource: "estimated",
    usageRule: "openlit-stream-estimates",
    serviceName: "shop",
    provider: "openai",
    model: "gpt-1",
    userId: "ann",
    operation: "chat",
    status: "ok",
    errorType: undefined,
    isStreaming: false,
    latencyMs: 1.5,
    ttftMs: 0.25,
    isBilled: true,
    costNanoUsd: 42n,
    tokens: {
      input: 7,
      output: 6,
      inputUncached: 5,
      cacheRead: 4,
      cacheWrite5m: 3,
      cacheWrite1h: 2,
      reasoning: 0,
    },
  });
  expect(lines[1]).toMatchObject({
    costNanoUsd: undefined,
    isStreaming: undefined,
    latencyMs: undefined,
    status: "unset",
    tokens: { input: undefined, reasoning: undefined },
  });
});

test("is in order of start, newest first, across windows and files", async () => {
  const starts = [23.99, 23.8, 23, 20, 12, 3, 0].map((hour) => Math.round(hour * HOUR_MS));
  const rows = starts.map((startMs, index) => spanRow(startMs, { span_id: String(index) }));
  const files = [
    await lake.write(
      "even",
      rows.filter((_, index) => index % 2 === 0),
    ),
    await lake.write(
      "odd",
      rows.filter((_, index) => index % 2 === 1),
    ),
  ];
  const target = { duckDb, source: { files } };
  const lines = await newestCalls("p1", input, target);
  expect(lines.map(({ spanId }) => spanId)).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
  for (const limit of [1, 2, 3, 6]) {
    const some = await newestCalls("p1", { ...input, limit }, target);
    expect(some).toEqual(lines.slice(0, limit));
  }
});

test("opens only files whose bounds reach into the windows that it needs", async () => {
  const hour = (from: number) => ({
    fromUnixMs: DAY_MS + from * HOUR_MS,
    toUnixMs: DAY_MS + (from + 1) * HOUR_MS,
  });
  const absent = join(lake.folder, "absent.parquet");
  const newest = await lake.write("newest", [spanRow(24 * HOUR_MS - 1), spanRow(23 * HOUR_MS)]);
  const duckDbAndFiles = (bounds: TimeRange[]) => ({
    duckDb,
    source: { files: [absent, newest], bounds },
  });
  const known = duckDbAndFiles([hour(0), hour(23)]);
  expect(await newestCalls("p1", { ...input, limit: 2 }, known)).toHaveLength(2);
  const outside = duckDbAndFiles([hour(24), hour(23)]);
  expect(await newestCalls("p1", input, outside)).toHaveLength(2);
  const needed = newestCalls("p1", { ...input, limit: 3 }, known);
  await expect(needed).rejects.toMatchObject({ code: "lake.object_missing" });
});

test("leaves out other projects, records that are not billed, and what lies outside the range", async () => {
  const file = await lake.write("others", [
    spanRow(-1, { span_id: "before" }),
    spanRow(0, { span_id: "first" }),
    spanRow(24 * HOUR_MS - 1, { span_id: "last" }),
    spanRow(24 * HOUR_MS, { span_id: "after" }),
    spanRow(1, { span_id: "theirs", project_id: "p2" }),
    spanRow(1, { span_id: "wrapper", billed: false }),
    spanRow(1, { span_id: "undecided", billed: null }),
  ]);
  const lines = await newestCalls("p1", input, { duckDb, source: { files: [file] } });
  expect(lines.map(({ spanId }) => spanId)).toEqual(["last", "first"]);
});

test("its windows cover the range exactly once", () => {
  for (const lengthMs of [1, 900_000, 900_001, 24 * HOUR_MS, 400 * 24 * HOUR_MS]) {
    const windows = windowsOf({ fromUnixMs: 17, toUnixMs: 17 + lengthMs });
    expect(windows[0]?.toUnixMs).toBe(17 + lengthMs);
    expect(windows.at(-1)?.fromUnixMs).toBe(17);
    expect(windows.slice(1).map((window) => window.toUnixMs)).toEqual(
      windows.slice(0, -1).map((window) => window.fromUnixMs),
    );
    expect(windows.every((window) => window.fromUnixMs < window.toUnixMs)).toBe(true);
    expect(windows.length).toBeLessThan(9);
  }
});

test("answers with nothing when there are no files", async () => {
  expect(await newestCalls("p1", input, { duckDb, source: { files: [] } })).toEqual([]);
});

test.each([0, MAX_CALLS + 1])("refuses a limit of %d", async (limit) => {
  const asked = newestCalls("p1", { ...input, limit }, { duckDb, source: { files: [] } });
  await expect(asked).rejects.toMatchObject({ code: "query.invalid" });
});
