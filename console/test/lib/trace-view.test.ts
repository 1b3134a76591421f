import type { TraceSpan } from "@lensai/analytics/queries/trace-spans";
import { expect, test } from "vitest";
import { traceView } from "../../src/lib/trace-view.ts";

const TRACE_ID = "a".repeat(32);
const START = 1_700_000_000_000_000_000n;

function span(spanId: string, fields: Partial<TraceSpan> & { atMs?: number } = {}): TraceSpan {
  const { atMs = 0, ...rest } = fields;
  return {
    spanId,
    parentSpanId: undefined,
    batchId: "b".repeat(32),
    recordOrdinal: 0n,
    startUnixNano: START + BigInt(atMs) * 1_000_000n,
    durationMs: 10,
    signal: "span",
    name: spanId,
    serviceName: "app",
    scopeName: "scope",
    operation: undefined,
    callRole: undefined,
    status: "ok",
    errorType: undefined,
    provider: undefined,
    model: undefined,
    inputTokens: undefined,
    outputTokens: undefined,
    isBilled: false,
    billRule: undefined,
    costNanoUsd: undefined,
    ...rest,
  };
}

const outline = (spans: readonly TraceSpan[]): string[] =>
  traceView({ traceId: TRACE_ID, spans, isCut: false }).lines.map(
    ({ depth, record }) => "  ".repeat(depth) + record.name,
  );

test("parents come before their children, siblings by start, logs in their span", () => {
  expect(
    outline([
      span("tool", { parentSpanId: "agent" }),
      span("agent"),
      span("first", { parentSpanId: "agent", atMs: 1 }),
      span("first", { signal: "log", name: "log of first" }),
      span("http", { parentSpanId: "first" }),
    ]),
  ).toEqual(["agent", "  tool", "  first", "    log of first", "    http"]);
});

test("a missing parent makes a root, and no record is lost or told twice in a circle of parents", () => {
  expect(
    outline([
      span("orphan", { parentSpanId: "away" }),
      span("egg", { parentSpanId: "hen" }),
      span("hen", { parentSpanId: "egg" }),
      span("self", { parentSpanId: "self" }),
    ]),
  ).toEqual(["orphan", "egg", "  hen", "self"]);
});

test("the same span twice shows both records, and its children once", () => {
  expect(
    outline([span("a"), span("a", { name: "a again" }), span("child", { parentSpanId: "a" })]),
  ).toEqual(["a", "  child", "a again"]);
});

test("times are shares of the trace, the longest end its end", () => {
  const view = traceView({
    traceId: TRACE_ID,
    spans: [
      span("early", { durationMs: undefined }),
      span("late", { atMs: 60, durationMs: 40 }),
      span("last", { atMs: 90, durationMs: 5 }),
    ],
    isCut: true,
  });
  expect(view.durationMs).toBe(100);
  expect(view.isCut).toBe(true);
  expect(view.lines).toMatchObject([
    { record: { name: "early" }, startShare: 0, durationShare: 0 },
    { record: { name: "late" }, startShare: 0.6, durationShare: 0.4 },
    { record: { name: "last" }, startShare: 0.9, durationShare: 0.05 },
  ]);
});

test("a trace without any duration divides nothing by zero", () => {
  const [line] = traceView({
    traceId: TRACE_ID,
    spans: [span("a", { durationMs: undefined })],
    isCut: false,
  }).lines;
  expect(line).toMatchObject({ startShare: 0, durationShare: 0 });
});

test("only what is billed is summed, and a cost that is not known is counted, not taken for zero", () => {
  const calls = [
    span("one", { isBilled: true, costNanoUsd: 5n }),
    span("repeat", { costNanoUsd: 5n }),
    span("unpriced", { isBilled: true }),
  ];
  expect(traceView({ traceId: TRACE_ID, spans: calls, isCut: false })).toMatchObject({
    billedCount: 2,
    costNanoUsd: 5n,
    unpricedCount: 1,
  });
  expect(
    traceView({ traceId: TRACE_ID, spans: [span("unpriced", { isBilled: true })], isCut: false }),
  ).toMatchObject({
    costNanoUsd: undefined,
    unpricedCount: 1,
  });
});

const billed = (costNanoUsd: bigint | undefined) => ({ isBilled: true, costNanoUsd });

test("bars of cost lie below those of their parents, one behind the other, and end with the cost of the trace", () => {
  const { lines } = traceView({
    traceId: TRACE_ID,
    isCut: false,
    spans: [
      span("agent", { costNanoUsd: 100n }),
      span("plan", { parentSpanId: "agent", atMs: 1, ...billed(30n) }),
      span("retry", { parentSpanId: "plan", atMs: 2, ...billed(10n) }),
      span("tool", { parentSpanId: "agent", atMs: 3 }),
      span("answer", { parentSpanId: "agent", atMs: 4, ...billed(40n) }),
      span("unknown", { atMs: 5, ...billed(undefined) }),
    ],
  });
  const bars = lines.map((line) => [
    line.record.name,
    line.costStartShare,
    line.costShare,
    line.costBelowNanoUsd,
  ]);
  expect(bars).toEqual([
    ["agent", 0, 1, 80n],
    ["plan", 0, 0.5, 40n],
    ["retry", 0.375, 0.125, 10n],
    ["tool", 0.5, 0, undefined],
    ["answer", 0.5, 0.5, 40n],
    ["unknown", 1, 0, undefined],
  ]);
});

test("in a trace that costs nothing no bar of cost has a length", () => {
  const { lines } = traceView({
    traceId: TRACE_ID,
    isCut: false,
    spans: [span("agent"), span("cached", { isBilled: true, costNanoUsd: 0n })],
  });
  expect(lines.map(({ costShare, costBelowNanoUsd }) => [costShare, costBelowNanoUsd])).toEqual([
    [0, undefined],
    [0, 0n],
  ]);
});
