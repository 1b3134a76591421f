import { DuckDb } from "@lensai/analytics/duckdb/connect";
import { tokenMetrics } from "@lensai/analytics/queries/token-metrics";
import type { MetricIncrease } from "@lensai/analytics/queries/token-metrics";
import { afterAll, beforeAll, expect, test } from "vitest";
import { JSON_TYPE } from "./harness.ts";
import { startLandedCollector } from "./landed.ts";
import type { LandedCollector } from "./landed.ts";

let collector: LandedCollector;
const duckDb = new DuckDb();

beforeAll(async () => {
  collector = await startLandedCollector();
});
afterAll(async () => {
  await collector.stop();
  await duckDb.close();
});

const SECOND = 1_000_000_000n;
const BASE_MS = Date.UTC(2026, 5, 1, 12);
const at = (seconds: number): string =>
  String(BigInt(BASE_MS) * 1_000_000n + BigInt(seconds) * SECOND);

const send = (...metrics: readonly object[]) =>
  collector.exchange({
    path: "/v1/metrics",
    headers: JSON_TYPE,
    body: JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }),
  });

async function increaseOf(metric: string): Promise<MetricIncrease | undefined> {
  const range = { fromUnixMs: BASE_MS - 60_000, toUnixMs: BASE_MS + 600_000, limit: 100 };
  const target = { duckDb, source: { files: await collector.spanFiles() } };
  const increases = await tokenMetrics("default", range, target);
  return increases.find((found) => found.metric === metric);
}

const point = (startSeconds: number, seconds: number, value: object): object => ({
  startTimeUnixNano: at(startSeconds),
  timeUnixNano: at(seconds),
  ...value,
});

test("M01 delta points count as they are", async () => {
  const dataPoints = [point(0, 10, { asInt: "5" }), point(10, 20, { asInt: "7" })];
  await send({
    name: "gen_ai.m01.delta",
    sum: { dataPoints, aggregationTemporality: 1, isMonotonic: true },
  });
  expect(await increaseOf("gen_ai.m01.delta")).toMatchObject({ increase: 12, points: 2 });
});

test("M01 cumulative points count by what they grew, a reset from zero, the first not at all", async () => {
  const dataPoints = [
    point(0, 10, { asInt: "100" }),
    point(0, 20, { asInt: "130" }),
    point(25, 30, { asInt: "8" }),
    point(25, 40, { asInt: "9" }),
  ];
  await send({
    name: "gen_ai.m01.cumulative",
    sum: { dataPoints, aggregationTemporality: "AGGREGATION_TEMPORALITY_CUMULATIVE" },
  });
  expect(await increaseOf("gen_ai.m01.cumulative")).toMatchObject({
    increase: 30 + 8 + 1,
    points: 3,
  });
});

test("M02 every kind of metric is accepted, and a point without a recorded value is no value", async () => {
  const { response, rows } = await send(
    { name: "gen_ai.m02.gauge", gauge: { dataPoints: [point(0, 1, { asDouble: 1.5 })] } },
    {
      name: "gen_ai.m02.histogram",
      histogram: {
        dataPoints: [
          point(0, 1, { count: "3", sum: 6, bucketCounts: ["1", "2"], explicitBounds: [4] }),
        ],
        aggregationTemporality: 1,
      },
    },
    {
      name: "gen_ai.m02.exponential",
      exponentialHistogram: {
        dataPoints: [
          point(0, 1, {
            count: "3",
            sum: 6,
            scale: -2,
            zeroCount: "1",
            positive: { offset: -1, bucketCounts: ["2"] },
          }),
        ],
        aggregationTemporality: 2,
      },
    },
    {
      name: "gen_ai.m02.summary",
      summary: {
        dataPoints: [
          point(0, 1, { count: "3", sum: 6, quantileValues: [{ quantile: 0.5, value: 2 }] }),
        ],
      },
    },
    {
      name: "gen_ai.m02.none",
      sum: { dataPoints: [point(0, 1, { flags: 1 })], aggregationTemporality: 1 },
    },
    { name: "http.server.duration", gauge: { dataPoints: [point(0, 1, { asInt: 1 })] } },
  );
  expect([response.status, response.body.toString()]).toEqual([200, "{}"]);
  expect(new Set(rows.map((row) => row["span_name"]))).toEqual(
    new Set([
      "gen_ai.m02.exponential",
      "gen_ai.m02.gauge",
      "gen_ai.m02.histogram",
      "gen_ai.m02.summary",
    ]),
  );
  expect(rows).toHaveLength(4);
});

const sum = (value: object): object => ({
  dataPoints: [point(0, 50, value)],
  aggregationTemporality: 1,
});

test("M03 as_int and as_double say the same", async () => {
  await send(
    { name: "gen_ai.m03.int", sum: sum({ asInt: "1234" }) },
    { name: "gen_ai.m03.double", sum: sum({ asDouble: 1234 }) },
  );
  const [int, double] = [await increaseOf("gen_ai.m03.int"), await increaseOf("gen_ai.m03.double")];
  expect(int?.increase).toBe(1234);
  expect(double?.increase).toBe(1234);
});
