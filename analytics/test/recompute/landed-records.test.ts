import { modelFamily } from "@lensai/otel-config/billing/model-family";
import { recordIdOf } from "@lensai/otel-config/billing/record-id";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { describe, expect, test } from "vitest";
import { landedRecords } from "../../src/recompute/landed-records.ts";
import type { LandedRecord } from "../../src/recompute/landed-records.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();
const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 60_000 };

const TRACE = "1".repeat(32);
const SPAN = "2".repeat(16);
const PARENT = "3".repeat(16);
const START_MICROS = DAY_MS * 1000;

/** Every count differs from every other and from every sum of others, so that none can stand for another. */
const call: SpanRow = {
  batch_id: "b",
  record_ordinal: 7n,
  trace_id: TRACE,
  span_id: SPAN,
  parent_span_id: PARENT,
  service_name: "shop",
  instance_id: "shop-1",
  scope_name: "scope",
  span_name: "chat",
  call_role: "inference",
  request_model: "gpt-5",
  response_model: "gpt-5-2025-08-07",
  response_id: "resp-1",
  session_id: "session-1",
  duration_ns: 2_000_999n,
  usage_source: "reported",
  input_tokens: 1_000_000n,
  output_tokens: 200_000n,
  reasoning_tokens: 1n,
  cache_read_tokens: 2n,
  cache_write_5m_tokens: 4n,
  cache_write_1h_tokens: 8n,
  tool_use_prompt_tokens: 16n,
  cost_nano_usd: 5n,
  billed: false,
  bill_rule: "twin",
  shadowed_by: PARENT,
};

let files = 0;

async function landed(values: SpanRow = {}): Promise<LandedRecord | undefined> {
  const path = await lake.write(`calls-${(files += 1)}`, [spanRow(0, { ...call, ...values })]);
  const [found] = await landedRecords("p1", range, { duckDb, source: { files: [path] } });
  return found;
}

describe("a record as it is read back from the lake", () => {
  test("a span says what it sent, who sent it, and what the lake says of it", async () => {
    expect(await landed()).toEqual({
      record: {
        id: recordIdOf("b", 7),
        project: "p1",
        signal: "span",
        part: "call",
        trace: TRACE,
        span: SPAN,
        parent: PARENT,
        service: "shop",
        instance: "shop-1",
        scope: "scope",
        models: [modelFamily("gpt-5"), modelFamily("gpt-5-2025-08-07")],
        responseId: "resp-1",
        startMicros: START_MICROS,
        endMicros: START_MICROS + 2000,
        usage: {
          source: "reported",
          input: 1_000_000,
          output: 200_000,
          cached: 2 + 4 + 8,
          toolUsePrompt: 16,
          reasoning: 1,
          partCount: 5,
          isPriced: true,
        },
      },
      batchId: "b",
      recordOrdinal: 7,
      traceId: TRACE,
      spanId: SPAN,
      sessionId: "session-1",
      day: DAY_MS / 86_400_000,
      counts: {
        input: 1_000_000,
        output: 200_000,
        cacheRead: 2,
        cacheWrite5m: 4,
        cacheWrite1h: 8,
        reasoning: 1,
      },
      stored: { billed: false, billRule: "twin", shadowedBy: PARENT },
    });
  });

  test("a log hangs below the span it was written in, at one moment, under its scope and event", async () => {
    const log = await landed({ signal: "log", span_name: "gen_ai.client.inference" });
    expect(log).toMatchObject({
      record: {
        signal: "log",
        span: undefined,
        parent: SPAN,
        scope: "scope\ngen_ai.client.inference",
        startMicros: START_MICROS,
        endMicros: START_MICROS,
      },
      spanId: SPAN,
    });
    const other = await landed({ signal: "log", span_name: "gen_ai.choice" });
    expect(other?.record.scope).not.toBe(log?.record.scope);
  });

  test("what a record does not say is undefined, and parts of nothing are nothing", async () => {
    const silent = await landed({
      parent_span_id: null,
      instance_id: null,
      response_model: null,
      response_id: null,
      session_id: null,
      duration_ns: null,
      usage_source: null,
      input_tokens: null,
      output_tokens: null,
      reasoning_tokens: null,
      cache_read_tokens: null,
      cache_write_5m_tokens: null,
      cache_write_1h_tokens: null,
      tool_use_prompt_tokens: null,
      cost_nano_usd: null,
      billed: null,
      bill_rule: null,
      shadowed_by: null,
    });
    expect(silent?.record).toMatchObject({
      parent: undefined,
      instance: undefined,
      models: [modelFamily("gpt-5")],
      responseId: undefined,
      endMicros: START_MICROS,
      usage: {
        source: "none",
        input: undefined,
        output: undefined,
        cached: 0,
        toolUsePrompt: 0,
        reasoning: 0,
        partCount: 0,
        isPriced: false,
      },
    });
    expect(silent?.counts).toEqual({
      input: undefined,
      output: undefined,
      cacheRead: undefined,
      cacheWrite5m: undefined,
      cacheWrite1h: undefined,
      reasoning: undefined,
    });
    expect(silent?.stored).toEqual({
      billed: undefined,
      billRule: undefined,
      shadowedBy: undefined,
    });
  });

  test("a call that is free has a price", async () => {
    const free = await landed({ cost_nano_usd: 0n });
    expect(free?.record.usage.isPriced).toBe(true);
  });
});
