import type { CostOverTime } from "@lensai/analytics/queries/cost-over-time";
import { expect, test } from "vitest";
import { DIMENSION_WORDS } from "#lib/call-dimensions.ts";
import { buildCostChart } from "#lib/charts/cost-series.ts";
import { rankGroups } from "#lib/charts/ranked-row.ts";
import { SERIES_COLORS, seriesColors } from "#lib/charts/series-colors.ts";
import { timeTicks } from "#lib/charts/time-ticks.ts";

const HOUR = 3_600_000;

const answer: CostOverTime = {
  bucketUnixMs: [0, HOUR, 2 * HOUR],
  series: [
    {
      key: "big",
      kind: "value",
      costNanoUsd: [2_000_000_000n, 0n, undefined],
      calls: [2, 0, 1],
      unpricedCalls: [0, 0, 1],
    },
    {
      key: undefined,
      kind: "value",
      costNanoUsd: [undefined, 0n, 0n],
      calls: [3, 0, 0],
      unpricedCalls: [3, 0, 0],
    },
    {
      key: undefined,
      kind: "other",
      costNanoUsd: [500_000_000n, 0n, 0n],
      calls: [4, 0, 0],
      unpricedCalls: [1, 0, 0],
    },
  ],
};

test("stacks the dearest model first and leaves out what costs nothing or is unknown", () => {
  const { segments } = buildCostChart(answer, DIMENSION_WORDS.model);
  expect(segments).toEqual([
    expect.objectContaining({ key: "value:big", startUnixMs: 0, spanUsd: [0, 2] }),
    expect.objectContaining({ key: "other", startUnixMs: 0, spanUsd: [2, 2.5] }),
  ]);
});

test("adds up what is known, and is unknown only when nothing is", () => {
  const { columns, series } = buildCostChart(answer, DIMENSION_WORDS.model);
  expect(columns.map((column) => column.total)).toEqual([
    { costNanoUsd: 2_500_000_000n, calls: 9, unpricedCalls: 4 },
    { costNanoUsd: 0n, calls: 0, unpricedCalls: 0 },
    { costNanoUsd: undefined, calls: 1, unpricedCalls: 1 },
  ]);
  expect(series.map(({ label, total }) => [label, total.costNanoUsd])).toEqual([
    ["big", 2_000_000_000n],
    ["no model named", undefined],
    ["other models", 500_000_000n],
  ]);
});

test("tells a model called other from the sum of the others", () => {
  const named = { ...answer.series[0]!, key: "other" };
  const { series } = buildCostChart(
    { ...answer, series: [named, answer.series[2]!] },
    DIMENSION_WORDS.model,
  );
  expect(new Set(series.map(({ key }) => key)).size).toBe(2);
});

test("gives a model the same colour on every page", () => {
  const alone = seriesColors(["gpt-4o"]).get("gpt-4o");
  const names = ["claude-sonnet-4-5", "gpt-4o", "gemini-2.5-flash"];
  expect(seriesColors(names)).toEqual(seriesColors(names.toReversed()));
  expect(seriesColors(["gpt-4o"]).get("gpt-4o")).toBe(alone);
});

test("never gives two models of one picture the same colour while there are enough", () => {
  const names = Array.from({ length: SERIES_COLORS }, (_, index) => `model-${index}`);
  expect(new Set(seriesColors(names).values()).size).toBe(SERIES_COLORS);
});

test("labels at most ten bars, at round times", () => {
  const days = Array.from({ length: 30 }, (_, day) => Date.UTC(2026, 9, 25) + day * 24 * HOUR);
  const ticks = timeTicks(days);
  expect(ticks.length).toBeGreaterThanOrEqual(4);
  expect(ticks.length).toBeLessThanOrEqual(10);
  expect(ticks.every((tick) => tick % (24 * HOUR) === 0)).toBe(true);
  expect(timeTicks([])).toEqual([]);
});

test.each([300, 600, 1200])("labels have room beside each other on %i pixels", (widthPx) => {
  const halfHours = Array.from({ length: 48 }, (_, index) => (index * HOUR) / 2);
  const ticks = timeTicks(halfHours, widthPx);
  expect(ticks.length).toBeGreaterThanOrEqual(2);
  expect(widthPx / ticks.length).toBeGreaterThanOrEqual(50);
});

test("keeps unreported tokens unknown and tells failed calls from billed ones", () => {
  const figures = {
    key: "m",
    calls: 10,
    pricedCalls: 10,
    unpricedCalls: 0,
    estimatedCalls: 0,
    costNanoUsd: 1n,
    inputTokens: 5,
    outputTokens: undefined,
    errorShare: 0.5,
    p95LatencyMs: 1,
  };
  const [row] = rankGroups([figures], ["m"]);
  expect(row).toMatchObject({
    inputTokens: 5,
    outputTokens: undefined,
    billedCalls: 10,
    errorShare: "50.0 %",
    isAlarming: true,
  });
});
