import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { afterAll, expect, test } from "vitest";
import { DuckDb } from "../../src/duckdb/connect.ts";
import type { SqlRow } from "../../src/duckdb/connect.ts";
import { DAY_MS, spanRow } from "../support/span-rows.ts";
import { withRecomputedLake } from "./recomputed-lake.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const duckDb = new DuckDb({ threads: 1 });
afterAll(() => duckDb.close());

/** A point of a cumulative counter of tokens that began at midnight. */
function tokens(atMs: number, value: number, values: SpanRow = {}): SpanRow {
  const { type = "input", calls = 1n, ...rest } = values;
  const attributes = {
    "gen_ai.token.type": type,
    "metric.value": value,
    "metric.count": Number(calls),
    "metric.temporality": "cumulative",
    "metric.start_unix_nano": `${DAY_MS}000000`,
    "metric.series": String(type),
  };
  return spanRow(atMs, {
    record_ordinal: BigInt(type === "input" ? 0 : 1),
    batch_id: `b${String(atMs).padStart(9, "0")}`,
    signal: "metric",
    span_name: "gen_ai.client.token.usage",
    provider: "openai",
    request_model: "gpt-4o-mini",
    service_name: "shop",
    attributes: JSON.stringify(attributes),
    billed: null,
    ...rest,
  });
}

function bills(rows: readonly SqlRow[]): unknown[] {
  return rows
    .filter(({ billed }) => billed === true)
    .map(({ signal, input_tokens, output_tokens, cost_nano_usd }) => [
      signal,
      input_tokens,
      output_tokens,
      cost_nano_usd,
    ]);
}

test("a metric's tokens are priced on one of its points, once", async () => {
  await withRecomputedLake(duckDb, async (lake) => {
    await lake.land([tokens(MINUTE_MS, 1000), tokens(MINUTE_MS, 100, { type: "output" })]);
    expect(await lake.recompute(0, 1)).toBe(1);
    // $0.15 and $0.60 per million.
    expect(bills(await lake.rows())).toEqual([["metric", 1000n, 100n, 210_000n]]);
    expect(await lake.recompute(0, 1)).toBe(0);
  });
});

test("a counter that was silent for hours counts what it grew by since its last point", async () => {
  await withRecomputedLake(duckDb, async (lake) => {
    await lake.land([tokens(MINUTE_MS, 1000)]);
    await lake.recompute(0, 1);
    await lake.land([tokens(5 * HOUR_MS, 1010)]);
    await lake.recompute(5, 6);
    expect(bills(await lake.rows())).toEqual([
      ["metric", 1000n, 0n, 150_000n],
      ["metric", 10n, 0n, 1500n],
    ]);
  });
});

test("a point that comes late changes what the one after it is billed for", async () => {
  await withRecomputedLake(duckDb, async (lake) => {
    await lake.land([tokens(2 * MINUTE_MS, 50)]);
    await lake.recompute(0, 1);
    await lake.land([tokens(MINUTE_MS, 30)]);
    expect(await lake.recompute(0, 1)).toBe(2);
    expect(bills(await lake.rows())).toEqual([
      ["metric", 30n, 0n, 4500n],
      ["metric", 20n, 0n, 3000n],
    ]);
  });
});

test("a span that comes late takes its tokens off the metric's bill", async () => {
  const span = spanRow(30_000, {
    record_ordinal: 0n,
    batch_id: "c",
    trace_id: "1".repeat(32),
    span_id: "2".repeat(16),
    call_role: "inference",
    service_name: "shop",
    request_model: "gpt-4o-mini",
    usage_source: "reported",
    input_tokens: 1000n,
    output_tokens: 100n,
    cost_nano_usd: 210_000n,
    bill_rule: "call",
    duration_ns: 1_000_000n,
  });
  await withRecomputedLake(duckDb, async (lake) => {
    await lake.land([tokens(MINUTE_MS, 1000), tokens(MINUTE_MS, 100, { type: "output" })]);
    await lake.recompute(0, 1);
    await lake.land([span]);
    expect(await lake.recompute(0, 1)).toBe(1);
    expect(bills(await lake.rows())).toEqual([["span", 1000n, 100n, 210_000n]]);
  });
});

test("where a call's length decides about its price, the lowest price is marked as an estimate", async () => {
  await withRecomputedLake(duckDb, async (lake) => {
    const gemini = { provider: "gcp.gemini", request_model: "gemini-2.5-pro" };
    await lake.land([tokens(MINUTE_MS, 100_000, gemini), tokens(2 * MINUTE_MS, 900_000, gemini)]);
    await lake.recompute(0, 1);
    const rows = await lake.rows();
    expect(
      rows.map((row) => [row["usage_source"], row["usage_rule"], row["cost_nano_usd"]]),
    ).toEqual([
      ["reported", "meter", 125_000_000n],
      ["estimated", "meter-tiers", 1_000_000_000n],
    ]);
  });
});

/** A span of service "app", a call of 1,000 and 100 tokens unless `values` say otherwise. */
function appSpan(span: string, values: SpanRow = {}): SpanRow {
  return spanRow(30_000, {
    record_ordinal: BigInt(Number.parseInt(span, 16)),
    batch_id: "c",
    trace_id: "1".repeat(32),
    span_id: span.repeat(16),
    call_role: "inference",
    service_name: "app",
    scope_name: "sdk",
    request_model: "gpt-4o-mini",
    usage_source: "reported",
    input_tokens: 1000n,
    output_tokens: 100n,
    cost_nano_usd: 210_000n,
    bill_rule: "call",
    duration_ns: 1_000_000n,
    ...values,
  });
}

const NO_CALL: SpanRow = {
  call_role: null,
  request_model: null,
  usage_source: null,
  input_tokens: null,
  output_tokens: null,
  cost_nano_usd: null,
  bill_rule: null,
  billed: null,
};

/** What the gateway "shop" counted: two calls. */
const COUNTED = [
  tokens(MINUTE_MS, 1000),
  tokens(MINUTE_MS, 100, { type: "output" }),
  tokens(2 * MINUTE_MS, 1500, { calls: 2n }),
  tokens(2 * MINUTE_MS, 150, { type: "output", calls: 2n }),
];
const UNTOLD = ["metric", 500n, 50n, 105_000n];

test("a gateway's metric does not bill again what the application's span is billed for, nor the gateway's own", async () => {
  const gateway = appSpan("3", {
    parent_span_id: "2".repeat(16),
    service_name: "shop",
    scope_name: "gateway",
    cost_nano_usd: null,
  });
  await withRecomputedLake(duckDb, async (lake) => {
    await lake.land([appSpan("2"), gateway, ...COUNTED]);
    await lake.recompute(0, 1);
    expect(bills(await lake.rows())).toEqual([UNTOLD, ["span", 1000n, 100n, 210_000n]]);
  });
});

test("a gateway that only traces its requests has counted the calls that these are inside of", async () => {
  const http = appSpan("4", { ...NO_CALL, parent_span_id: "2".repeat(16) });
  const request = appSpan("5", {
    ...NO_CALL,
    parent_span_id: "4".repeat(16),
    service_name: "shop",
  });
  await withRecomputedLake(duckDb, async (lake) => {
    await lake.land([appSpan("2"), ...COUNTED]);
    await lake.recompute(0, 1);
    expect(bills(await lake.rows())).toHaveLength(3);
    await lake.land([http, request]);
    await lake.recompute(0, 1);
    expect(bills(await lake.rows())).toEqual([UNTOLD, ["span", 1000n, 100n, 210_000n]]);
  });
});

test("what a tool inside of a call does is not that call", async () => {
  const tool = appSpan("4", { ...NO_CALL, call_role: "tool", parent_span_id: "2".repeat(16) });
  const request = appSpan("5", {
    ...NO_CALL,
    parent_span_id: "4".repeat(16),
    service_name: "shop",
  });
  await withRecomputedLake(duckDb, async (lake) => {
    await lake.land([appSpan("2"), tool, request, ...COUNTED]);
    await lake.recompute(0, 1);
    expect(bills(await lake.rows())).toHaveLength(3);
  });
});

test("calls of two services that nothing links are two, however alike", async () => {
  await withRecomputedLake(duckDb, async (lake) => {
    await lake.land([appSpan("2"), ...COUNTED]);
    await lake.recompute(0, 1);
    expect(bills(await lake.rows())).toEqual([
      ["metric", 1000n, 100n, 210_000n],
      UNTOLD,
      ["span", 1000n, 100n, 210_000n],
    ]);
  });
});
