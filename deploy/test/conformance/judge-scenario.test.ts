import { describe, expect, test } from "vitest";
import { callRowOf } from "../../conformance/call-row.ts";
import type { CallRow } from "../../conformance/call-row.ts";
import { judgeScenario } from "../../conformance/judge-scenario.ts";
import type { Evidence } from "../../conformance/judge-scenario.ts";
import type { TrueCall } from "../../conformance/truth.ts";
import type { WireRecord } from "../../conformance/wire-records.ts";

const START_MS = 1_790_000_000_000;
const LATENCY_MS = 50;
const APART_MS = 500;

/** The nth call of a provider that took 50 ms, half a second after the one before. */
function trueCall(id: number, over: Partial<TrueCall> = {}): TrueCall {
  return {
    id,
    api: "openai.chat",
    request_model: "gpt-5-mini",
    response_model: "gpt-5-mini-2026-01-01",
    stream: false,
    status: 200,
    t_start_unix_ms: START_MS + id * APART_MS,
    latency_ms: LATENCY_MS,
    client_aborted: false,
    server_cut: false,
    response_id: `resp-${id}`,
    usage_on_wire: true,
    usage_raw: null,
    usage: {
      input_total: 100 + id,
      input_cached_read: 40,
      input_cache_write: 0,
      input_uncached: 60 + id,
      output_total: 20 + id,
      output_reasoning: 7,
      total: 120 + 2 * id,
      provider_input_field_includes_cache: true,
    },
    ...over,
  };
}

/** The row of the nth call as it should land. */
function rowOf(id: number, over: Partial<CallRow> = {}): CallRow {
  const startMs = START_MS + id * APART_MS - 2;
  return {
    ...callRowOf({}),
    signal: "span",
    spanId: `span-${id}`,
    role: "inference",
    requestModel: "gpt-5-mini",
    responseId: `resp-${id}`,
    startMs,
    endMs: startMs + LATENCY_MS + 4,
    input: 100 + id,
    output: 20 + id,
    cacheRead: 40,
    reasoning: 7,
    source: "reported",
    usageRule: "otel-definition",
    hasCost: true,
    billed: true,
    billRule: "call",
    ...over,
  };
}

/** What the nth call's span said on the wire. */
function wireOf(id: number, counts: Readonly<Record<string, number>>): WireRecord {
  const { startMs, endMs } = rowOf(id);
  return {
    spanId: `span-${id}`,
    startMs,
    endMs,
    counts: Object.entries(counts).map(([key, count]) => ({ key, count })),
    texts: new Set([`resp-${id}`, "gpt-5-mini"]),
  };
}

function judge({ calls = [trueCall(1)], ...over }: Partial<Evidence> & { calls?: TrueCall[] }) {
  const truth = { client: "any", scenario: "any", calls };
  const { grade, reasons } = judgeScenario({ truth, rows: [], records: [], refused: [], ...over });
  return [grade, ...reasons];
}

describe("a scenario is right", () => {
  test("when each answered call has one row with the provider's counts", () => {
    const rows = [rowOf(1), rowOf(2)];
    expect(judge({ calls: [trueCall(1), trueCall(2)], rows })).toEqual(["right"]);
  });

  test("when an unknown part is truly zero", () => {
    const usage = { ...trueCall(1).usage!, output_reasoning: 0 };
    const rows = [rowOf(1, { reasoning: undefined })];
    expect(judge({ calls: [trueCall(1, { usage })], rows })).toEqual(["right"]);
  });

  test("when the provider counts nothing, and the row says so", () => {
    const uncounted = [trueCall(1, { usage: null })];
    const none = {
      input: undefined,
      output: undefined,
      cacheRead: undefined,
      reasoning: undefined,
    };
    const rows = [rowOf(1, { ...none, source: "missing" })];
    expect(judge({ calls: uncounted, rows })).toEqual(["right"]);
  });

  test("when a failed call is not billed", () => {
    const failed = trueCall(2, { status: 500, usage: null, response_id: null });
    const rows = [rowOf(1), rowOf(2, { billed: false, billRule: "failed" })];
    expect(judge({ calls: [trueCall(1), failed], rows })).toEqual(["right"]);
  });

  test("when equal calls at the same time have a row each, without ids", () => {
    const usage = trueCall(1).usage;
    const twin = { usage, t_start_unix_ms: START_MS + APART_MS };
    const row = { ...rowOf(1), responseId: undefined };
    const rows = [row, { ...row, spanId: "span-2" }];
    expect(judge({ calls: [trueCall(1), trueCall(2, twin)], rows })).toEqual(["right"]);
  });
});

describe("a scenario is honest", () => {
  test("when a part was not sent and is unknown", () => {
    const rows = [rowOf(1, { cacheRead: undefined })];
    expect(judge({ rows })).toEqual(["honest", "1x cache read not sent"]);
  });

  test("when counts that were not sent are marked as an estimate", () => {
    const rows = [rowOf(1, { input: 9, source: "estimated", usageRule: "guesses" })];
    expect(judge({ rows })).toEqual(["honest", "1x usage estimated (guesses)"]);
  });

  test("when a total is more than the counts beside it, and the row takes the rest for a guess", () => {
    const records = [wireOf(1, { input: 70, output: 21, total: 122 })];
    const rows = [rowOf(1, { input: 70, output: 52, source: "estimated", usageRule: "rest" })];
    expect(judge({ rows, records })).toEqual(["honest", "1x usage estimated (rest)"]);
    const sure = [rowOf(1, { input: 70, output: 52, source: "derived" })];
    expect(judge({ rows: sure, records })[0]).toBe("wrong");
  });

  test("when a total is unknown, and so is the cost", () => {
    const rows = [rowOf(1, { output: undefined, hasCost: false })];
    expect(judge({ rows })).toEqual(["honest", "1x output not sent"]);
  });

  test("when nothing was sent", () => {
    expect(judge({})).toEqual(["honest", "1x no span"]);
  });

  test("when the application recorded a call that it did not make", () => {
    const rows = [rowOf(1), rowOf(7)];
    expect(judge({ rows })).toEqual(["honest", "1x record made by hand, without a call"]);
  });

  test("when a stream that broke off was sent as a failed call", () => {
    const calls = [trueCall(1, { server_cut: true, stream: true })];
    const rows = [rowOf(1, { billed: false, billRule: "failed", source: undefined })];
    expect(judge({ calls, rows })).toEqual([
      "honest",
      "1x stream that broke off sent as a failed call",
    ]);
  });
});

describe("a scenario is wrong", () => {
  test("when a request was not taken", () => {
    expect(judge({ rows: [rowOf(1)], refused: ["001: HTTP 400"] })[0]).toBe("wrong");
  });

  test("when a call is billed twice, in whatever signal", () => {
    const twice = [rowOf(1), rowOf(1, { spanId: "span-2", responseId: undefined })];
    expect(judge({ rows: twice })).toEqual(["wrong", "1x call billed again"]);
    const later = { signal: "log", startMs: START_MS + 9000, endMs: START_MS + 9000 };
    expect(judge({ rows: [rowOf(1), rowOf(1, later)] })).toEqual(["wrong", "1x call billed again"]);
  });

  test("when a failed call is billed", () => {
    const failed = trueCall(2, { status: 429, usage: null, response_id: null });
    const rows = [rowOf(1), rowOf(2, { responseId: undefined })];
    expect(judge({ calls: [trueCall(1), failed], rows })).toEqual([
      "wrong",
      "1x failed call billed",
    ]);
  });

  test("when an answered call has a row that is not billed", () => {
    const rows = [rowOf(1, { billed: false, billRule: "failed" })];
    expect(judge({ rows })).toEqual(["wrong", "1x call has a row that is not billed (failed)"]);
  });

  test("when a call is on the wire and has no row", () => {
    const records = [wireOf(1, { "usage.input_tokens": 101, "usage.output_tokens": 21 })];
    expect(judge({ records })).toEqual(["wrong", "1x call on the wire, no row is billed"]);
  });

  test("when counts are not the provider's and are called reported", () => {
    const rows = [rowOf(1, { input: 9 })];
    expect(judge({ rows })).toEqual([
      "wrong",
      `1x input is not the provider's and says "reported"`,
    ]);
  });

  test("when a total is unknown and there is a cost", () => {
    const rows = [rowOf(1, { output: undefined })];
    expect(judge({ rows })).toEqual(["wrong", "1x no output, but a cost"]);
  });

  test("when right counts are called missing", () => {
    const rows = [rowOf(1, { source: "missing" })];
    expect(judge({ rows })).toEqual(["wrong", "1x right counts marked missing"]);
  });
});

describe("a count can be asked for", () => {
  const hasNoCache = [rowOf(1, { cacheRead: undefined })];
  const lost = ["wrong", "1x cache read on the wire, row has none, source reported"];

  test("when the call's span names it", () => {
    const records = [wireOf(1, { "usage.cached_tokens": 40 })];
    expect(judge({ rows: hasNoCache, records })).toEqual(lost);
  });

  test("but not because another call's span has the same number", () => {
    const records = [wireOf(2, { "usage.cached_tokens": 40 })];
    expect(judge({ rows: hasNoCache, records })[0]).toBe("honest");
  });

  test("when it is the sum of parts that the span names", () => {
    const rows = [rowOf(1, { output: 14 })];
    const records = [wireOf(1, { "usage.candidates_tokens": 14, "usage.thoughts_tokens": 7 })];
    expect(judge({ rows, records })).toEqual([
      "wrong",
      "1x output on the wire, row has another, source reported",
    ]);
  });

  test("when it is the total less the other one", () => {
    const rows = [rowOf(1, { input: 61 })];
    const records = [wireOf(1, { "usage.total_tokens": 122, "usage.output_tokens": 21 })];
    expect(judge({ rows, records })[0]).toBe("wrong");
  });

  test("but not from the messages that a span of another step quotes", () => {
    const quoting = { ...wireOf(1, { "entity.input.usage.cached_tokens": 40 }), spanId: "parser" };
    expect(judge({ rows: hasNoCache, records: [quoting] })[0]).toBe("honest");
  });
});
