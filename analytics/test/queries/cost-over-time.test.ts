import { expect, test } from "vitest";
import { costOverTime, type CostOverTimeInput } from "../../src/queries/cost-over-time.ts";
import { DAY_MS, useTestLake, spanRow } from "../support/span-rows.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const { duckDb, lake } = useTestLake();

const input: CostOverTimeInput = {
  fromUnixMs: DAY_MS,
  toUnixMs: DAY_MS + 3 * HOUR_MS,
  intervalMs: HOUR_MS,
  by: "model",
  series: 2,
};
const call = (startMs: number, model: string | null, cost: bigint | null) =>
  spanRow(startMs, { response_model: model, cost_nano_usd: cost });

test("gives every series one element per bucket, dearest model first, the rest summed up last", async () => {
  const file = await lake.write("series", [
    call(0, "small", 1n),
    call(HOUR_MS - 1, "small", 2n),
    call(2 * HOUR_MS, "small", 4n),
    call(HOUR_MS, "large", 100n),
    call(0, "third", 3n),
    call(HOUR_MS, "fourth", 2n),
    call(HOUR_MS, "fifth", null),
  ]);
  const answer = await costOverTime("p1", input, { duckDb, source: { files: [file] } });
  expect(answer).toEqual({
    bucketUnixMs: [DAY_MS, DAY_MS + HOUR_MS, DAY_MS + 2 * HOUR_MS],
    series: [
      {
        key: "large",
        kind: "value",
        costNanoUsd: [0n, 100n, 0n],
        calls: [0, 1, 0],
        unpricedCalls: [0, 0, 0],
      },
      {
        key: "small",
        kind: "value",
        costNanoUsd: [3n, 0n, 4n],
        calls: [2, 0, 1],
        unpricedCalls: [0, 0, 0],
      },
      {
        key: undefined,
        kind: "other",
        costNanoUsd: [3n, 2n, 0n],
        calls: [1, 2, 0],
        unpricedCalls: [0, 1, 0],
      },
    ],
  });
});

test("a bucket whose calls all have no price has an unknown cost", async () => {
  const file = await lake.write("unpriced", [
    call(0, "m", null),
    call(HOUR_MS, "m", null),
    call(HOUR_MS, "m", 5n),
  ]);
  const answer = await costOverTime("p1", input, { duckDb, source: { files: [file] } });
  expect(answer.series).toEqual([
    {
      key: "m",
      kind: "value",
      costNanoUsd: [undefined, 5n, 0n],
      calls: [1, 2, 0],
      unpricedCalls: [1, 1, 0],
    },
  ]);
});

test("keeps calls that name no model apart from the sum of the rest", async () => {
  const file = await lake.write("nameless", [
    call(0, null, 9n),
    spanRow(0, { request_model: "asked", cost_nano_usd: 8n }),
    call(0, "rest", 1n),
  ]);
  const { series } = await costOverTime("p1", input, { duckDb, source: { files: [file] } });
  expect(series.map(({ key, kind, costNanoUsd }) => [key, kind, costNanoUsd[0]])).toEqual([
    [undefined, "value", 9n],
    ["asked", "value", 8n],
    [undefined, "other", 1n],
  ]);
});

test("aligns buckets to UTC, and counts only what lies within the range", async () => {
  const file = await lake.write("aligned", [
    call(-1, "m", 1n),
    call(29 * MINUTE_MS, "m", 10n),
    call(30 * MINUTE_MS, "m", 100n),
    call(90 * MINUTE_MS - 1, "m", 1000n),
    call(90 * MINUTE_MS, "m", 10_000n),
  ]);
  const cut = {
    ...input,
    fromUnixMs: DAY_MS + 30 * MINUTE_MS,
    toUnixMs: DAY_MS + 90 * MINUTE_MS,
  };
  const answer = await costOverTime("p1", cut, { duckDb, source: { files: [file] } });
  expect(answer.bucketUnixMs).toEqual([DAY_MS, DAY_MS + HOUR_MS]);
  expect(answer.series[0]?.costNanoUsd).toEqual([100n, 1000n]);
});

test("never shows another project's calls or records that are not billed", async () => {
  const file = await lake.write("others", [
    call(0, "mine", 1n),
    { ...call(0, "theirs", 5n), project_id: "p2" },
    { ...call(0, "wrapper", 5n), billed: false },
  ]);
  const { series } = await costOverTime("p1", input, { duckDb, source: { files: [file] } });
  expect(series.map(({ key }) => key)).toEqual(["mine"]);
});

test("has buckets and no series when there are no files", async () => {
  const answer = await costOverTime("p1", input, { duckDb, source: { files: [] } });
  expect(answer.bucketUnixMs).toHaveLength(3);
  expect(answer.series).toEqual([]);
});

test.each([
  { intervalMs: MINUTE_MS - 1 },
  { intervalMs: 24 * HOUR_MS + 1 },
  { intervalMs: Number.NaN },
  { series: 0 },
  { series: 51 },
  { intervalMs: MINUTE_MS, toUnixMs: DAY_MS + 2001 * MINUTE_MS },
])("refuses %o", async (bad) => {
  const target = { duckDb, source: { files: [] } };
  const asked = costOverTime("p1", { ...input, ...bad }, target);
  await expect(asked).rejects.toMatchObject({ code: "query.invalid" });
});

test("gives up to 2000 buckets", async () => {
  const most = { ...input, intervalMs: MINUTE_MS, toUnixMs: DAY_MS + 2000 * MINUTE_MS };
  const answer = await costOverTime("p1", most, { duckDb, source: { files: [] } });
  expect(answer.bucketUnixMs).toHaveLength(2000);
});
