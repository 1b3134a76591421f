import { beforeAll, describe, expect, test } from "vitest";
import { CALL_DIMENSIONS, type CallFilter } from "../../src/queries/call-dimensions.ts";
import { costOverTime } from "../../src/queries/cost-over-time.ts";
import { latencyPercentiles } from "../../src/queries/latency-percentiles.ts";
import { newestCalls, type CallLine, type CallPlace } from "../../src/queries/newest-calls.ts";
import { projectSummary } from "../../src/queries/project-summary.ts";
import type { QueryTarget } from "../../src/queries/query-source.ts";
import { topGroups } from "../../src/queries/top-groups.ts";
import { traceSpans } from "../../src/queries/trace-spans.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const HOUR_MS = 3_600_000;
const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 24 * HOUR_MS };
const { duckDb, lake } = useTestLake();

const id = (digits: number, length: number): string => digits.toString(16).padStart(length, "0");

/** Calls of two teams in one millisecond, so that only ids tell them apart. */
const crowd = Array.from({ length: 10 }, (_, index) =>
  spanRow(HOUR_MS, {
    span_id: index === 9 ? null : id(index + 1, 16),
    trace_id: id(7, 32),
    record_ordinal: BigInt(index),
    team: index % 2 === 0 ? "support" : "sales",
    status: index === 4 ? "error" : "ok",
    duration_ns: BigInt(index + 1) * 1_000_000n,
    ttft_ns: index < 2 ? 500_000n : null,
    response_model: "gpt-5",
    cost_nano_usd: BigInt(10 ** index),
  }),
);
let target: QueryTarget;
beforeAll(async () => {
  const files = [
    await lake.write("crowd", crowd),
    await lake.write("others", [
      spanRow(2 * HOUR_MS, { team: null, response_model: null, request_model: "asked" }),
      { ...spanRow(HOUR_MS, { team: "support", trace_id: id(7, 32) }), project_id: "p2" },
    ]),
  ];
  target = { duckDb, source: { files } };
});

async function allPages(limit: number): Promise<CallLine[]> {
  const lines: CallLine[] = [];
  let after: CallPlace | undefined;
  for (;;) {
    const page = await newestCalls("p1", { ...range, limit, after }, target);
    lines.push(...page);
    if (page.length < limit) return lines;
    after = page.at(-1);
  }
}

test("calls without a value are a filter like any other, and add up with those that have one", async () => {
  const of = async (filter: CallFilter): Promise<number> =>
    (await projectSummary("p1", { ...range, filter }, target)).calls;
  expect(await of({ team: null })).toBe(1);
  expect((await of({ team: "support" })) + (await of({ team: "sales" }))).toBe(10);
  expect(await of({ team: null, model: "asked" })).toBe(1);
  expect(await of({ team: null, model: "gpt-5" })).toBe(0);
  expect(await of({ user: null, model: null })).toBe(0);
  const lines = await newestCalls("p1", { ...range, limit: 100, filter: { team: null } }, target);
  expect(lines.map(({ model }) => model)).toEqual(["asked"]);
});

test.each([1, 3, 4, 11, 100])("pages of %d meet every call once, in one order", async (limit) => {
  const whole = await newestCalls("p1", { ...range, limit: 100 }, target);
  expect(whole).toHaveLength(11);
  expect(await allPages(limit)).toEqual(whole);
});

test("a call that lands meanwhile moves no page", async () => {
  const [first, second] = await newestCalls("p1", { ...range, limit: 2 }, target);
  const newer = await lake.write("newer", [spanRow(3 * HOUR_MS, { span_id: id(99, 16) })]);
  const files = [...target.source.files, newer];
  const behind = await newestCalls(
    "p1",
    { ...range, limit: 1, after: first },
    { duckDb, source: { files } },
  );
  expect(behind).toEqual([second]);
});

describe("a filter", () => {
  const filter = { team: "support", model: "gpt-5" };

  test("keeps to calls that have exactly these values, in every query", async () => {
    const summary = await projectSummary("p1", { ...range, filter }, target);
    expect([summary.calls, summary.costNanoUsd]).toEqual([5, 101_010_101n]);
    const calls = await newestCalls("p1", { ...range, limit: 100, filter }, target);
    expect(calls).toHaveLength(5);
    const by = { ...range, limit: 10, filter, by: "team" } as const;
    expect((await topGroups("p1", by, target)).map(({ key }) => key)).toEqual(["support"]);
    const over = { ...range, intervalMs: HOUR_MS, by: "team", series: 5, filter } as const;
    expect((await costOverTime("p1", over, target)).series.map(({ key }) => key)).toEqual([
      "support",
    ]);
    const latency = await latencyPercentiles("p1", { ...range, limit: 5, filter }, target);
    expect(latency.map(({ calls: count }) => count)).toEqual([5]);
  });

  test("on the model also knows the one asked for", async () => {
    const asked = { ...range, limit: 5, filter: { model: "asked" } };
    expect(await newestCalls("p1", asked, target)).toHaveLength(1);
  });

  test("finds nothing where no row has the value", async () => {
    for (const dimension of CALL_DIMENSIONS) {
      const none = { ...range, limit: 5, filter: { [dimension]: "nobody's" } };
      expect(await newestCalls("p1", none, target)).toEqual([]);
    }
  });

  test("by status tells failed calls from the others", async () => {
    const failed = await newestCalls("p1", { ...range, limit: 20, status: "error" }, target);
    const others = await newestCalls("p1", { ...range, limit: 20, status: "ok" }, target);
    expect([failed.length, others.length]).toEqual([1, 10]);
  });
});

test("percentiles are exact, per group and over all, and unknown where nothing is reported", async () => {
  const byTeam = await latencyPercentiles("p1", { ...range, by: "team", limit: 10 }, target);
  expect(byTeam.map(({ key, calls }) => [key, calls])).toEqual([
    ["sales", 5],
    ["support", 5],
    [undefined, 1],
  ]);
  expect(byTeam[1]).toMatchObject({
    latencyMs: { p50: 5, p90: 8.2, max: 9 },
    ttftMs: { p50: 0.5, max: 0.5 },
  });
  const [all] = await latencyPercentiles(
    "p1",
    { ...range, limit: 1, filter: { model: "gpt-5" } },
    target,
  );
  expect(all).toMatchObject({ key: undefined, calls: 10, latencyMs: { p50: 5.5, max: 10 } });
  const none = { p50: undefined, p90: undefined, p95: undefined, p99: undefined, max: undefined };
  expect(byTeam[2]?.ttftMs).toEqual(none);
});

test("a trace has its records in the order in which they started, and of this project alone", async () => {
  const spans = await traceSpans("p1", { ...range, traceId: id(7, 32), limit: 100 }, target);
  expect(spans.map(({ recordOrdinal }) => recordOrdinal)).toEqual(
    crowd.map(({ record_ordinal }) => record_ordinal),
  );
  expect(spans[4]).toMatchObject({ status: "error", model: "gpt-5", costNanoUsd: 10_000n });
  const limited = { ...range, traceId: id(7, 32), limit: 3 };
  expect(await traceSpans("p1", limited, target)).toHaveLength(3);
  expect(await traceSpans("p1", { ...limited, traceId: id(8, 32) }, target)).toEqual([]);
});
