import { expect, test } from "vitest";
import { tokenMetrics } from "../../src/queries/token-metrics.ts";
import { DAY_MS, useTestLake, spanRow } from "../support/span-rows.ts";

const MINUTE_MS = 60_000;
const input = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 10 * MINUTE_MS, limit: 10 };
const { duckDb, lake } = useTestLake();

interface Point {
  readonly atMs: number;
  readonly value: string;
  readonly temporality?: string;
  readonly start?: string;
  readonly series?: string;
  readonly tokenType?: string;
  readonly project?: string;
}

/** A metric row; `value` is JSON text, so that whole and fractional notations can be told apart. */
function point(values: Point) {
  const { atMs, value, temporality = "cumulative", start = "1", series = "s1" } = values;
  const attributes = `{"metric.value": ${value}, "metric.temporality": "${temporality}",
    "metric.start_unix_nano": "${start}", "metric.unit": "{token}", "metric.series": "${series}",
    "gen_ai.token.type": "${values.tokenType ?? "input"}"}`;
  return spanRow(atMs, {
    project_id: values.project ?? "p1",
    signal: "metric",
    billed: null,
    span_name: "gen_ai.client.token.usage",
    request_model: "gpt",
    attributes,
  });
}

async function increases(name: string, points: readonly Point[]) {
  const file = await lake.write(
    name,
    points.map((values) => point(values)),
  );
  return tokenMetrics("p1", input, { duckDb, source: { files: [file] } });
}

test("M01 a delta point counts as it is", async () => {
  const answer = await increases("delta", [
    { atMs: 0, value: "5", temporality: "delta" },
    { atMs: 1, value: "7", temporality: "delta", start: "2" },
  ]);
  expect(answer).toEqual([
    {
      metric: "gen_ai.client.token.usage",
      unit: "{token}",
      model: "gpt",
      tokenType: "input",
      increase: 12,
      points: 2,
    },
  ]);
});

test("M01 a cumulative point counts what it grew, and the first one of a series nothing", async () => {
  const answer = await increases("cumulative", [
    { atMs: 2, value: "130" },
    { atMs: 0, value: "100" },
    { atMs: 1, value: "110" },
  ]);
  expect(answer).toMatchObject([{ increase: 30, points: 2 }]);
  expect(await increases("lonely", [{ atMs: 0, value: "100" }])).toEqual([]);
});

test("M01 after a reset a cumulative point counts from zero", async () => {
  const moved = await increases("moved", [
    { atMs: 0, value: "100" },
    { atMs: 1, value: "110" },
    { atMs: 2, value: "120", start: "2" },
    { atMs: 3, value: "125", start: "2" },
  ]);
  expect(moved).toMatchObject([{ increase: 10 + 120 + 5 }]);
  const fell = await increases("fell", [
    { atMs: 0, value: "100" },
    { atMs: 1, value: "3" },
  ]);
  expect(fell).toMatchObject([{ increase: 3 }]);
});

test("M01 the point before the range is what the first point in it grew from", async () => {
  const answer = await increases("look-back", [
    { atMs: -MINUTE_MS, value: "100" },
    { atMs: 0, value: "104" },
    { atMs: 10 * MINUTE_MS, value: "1000" },
  ]);
  expect(answer).toMatchObject([{ increase: 4, points: 1 }]);
});

test("M01 a point that came twice counts once", async () => {
  const answer = await increases("twice", [
    { atMs: 0, value: "100" },
    { atMs: 1, value: "105" },
    { atMs: 1, value: "105" },
  ]);
  expect(answer).toMatchObject([{ increase: 5 }]);
});

test("series are kept apart, and kinds of token reported apart", async () => {
  const answer = await increases("apart", [
    { atMs: 0, value: "1", series: "a" },
    { atMs: 1, value: "50", series: "b" },
    { atMs: 2, value: "3", series: "a" },
    { atMs: 3, value: "51", series: "b" },
    { atMs: 4, value: "9", temporality: "delta", tokenType: "output" },
  ]);
  expect(answer.map(({ tokenType, increase }) => [tokenType, increase])).toEqual([
    ["output", 9],
    ["input", 3],
  ]);
});

test("M03 whole and fractional notation of a counter are equal", async () => {
  const whole = await increases("whole", [{ atMs: 0, value: "12", temporality: "delta" }]);
  const fraction = await increases("fraction", [{ atMs: 0, value: "12.0", temporality: "delta" }]);
  expect(whole).toEqual(fraction);
});

test("gauges, points without a value and other projects' points do not count", async () => {
  const answer = await increases("ignored", [
    { atMs: 0, value: "5", temporality: "gauge" },
    { atMs: 1, value: "6", temporality: "gauge" },
    { atMs: 0, value: "null" },
    { atMs: 0, value: '"NaN-ish"', temporality: "delta" },
    { atMs: 0, value: "5", temporality: "delta", project: "p2" },
  ]);
  expect(answer).toEqual([]);
});

test("answers with nothing when there are no files, and refuses a limit of 0", async () => {
  const target = { duckDb, source: { files: [] } };
  expect(await tokenMetrics("p1", input, target)).toEqual([]);
  await expect(tokenMetrics("p1", { ...input, limit: 0 }, target)).rejects.toMatchObject({
    code: "query.invalid",
  });
});
