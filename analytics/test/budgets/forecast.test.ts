import { describe, expect, test } from "vitest";
import { randomFrom } from "../../bench/generated-rows.ts";
import { CONFIDENCE_PERCENT, forecastSpend } from "../../src/budgets/forecast.ts";
import type { ForecastInput } from "../../src/budgets/forecast.ts";

const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;
const RUNS = 400;
/** A Monday, UTC. */
const START_MS = Date.UTC(2026, 2, 2);

/** Spend of a company: days and nights, weekends, weeks that are busier than others, and hours that nobody foresees. */
function hourlySpend(seed: number, hours: number): bigint[] {
  const random = randomFrom(seed);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  let weekLevel = 1;
  let dayLevel = 1;
  return Array.from({ length: hours }, (_, hour) => {
    if (hour % WEEK_HOURS === 0) weekLevel = Math.exp(0.1 * normal());
    if (hour % 24 === 0) dayLevel = Math.exp(0.15 * normal());
    const isWeekend = Math.floor(hour / 24) % 7 >= 5;
    const isDay = hour % 24 >= 8 && hour % 24 < 19;
    const base = (isWeekend ? 0.25 : 1) * (isDay ? 1 : 0.15);
    const noise = Math.exp(0.5 * normal() - 0.125);
    return BigInt(Math.round(1e9 * base * weekLevel * dayLevel * noise));
  });
}

const total = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n);

/** Stands after `known` hours of `all`, in a period that began `begun` hours ago and has all of the rest left. */
function standAfter(all: readonly bigint[], known: number, begun: number): ForecastInput {
  const nowMs = START_MS + known * HOUR_MS;
  return {
    hourlyNanoUsd: all.slice(0, known),
    historyEndMs: nowMs,
    nowMs,
    periodEndMs: START_MS + all.length * HOUR_MS,
    spentNanoUsd: total(all.slice(known - begun, known)),
  };
}

/** How often the interval holds the end, and how wide it is beside what was left to spend, on average. */
function coverageOf({ weeksKnown, hoursLeft }: { weeksKnown: number; hoursLeft: number }) {
  let hits = 0;
  let widths = 0;
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const known = Math.round(weeksKnown * WEEK_HOURS);
    const all = hourlySpend(seed, known + hoursLeft);
    const forecast = forecastSpend(standAfter(all, known, 48));
    if (forecast.kind === "unknown") throw new Error(forecast.reason);
    const end = total(all.slice(known - 48));
    if (forecast.lowNanoUsd <= end && end <= forecast.highNanoUsd) hits += 1;
    const width = Number(forecast.highNanoUsd - forecast.lowNanoUsd);
    widths += width / Number(total(all.slice(known)));
  }
  return { coveredPercent: (100 * hits) / RUNS, width: widths / RUNS };
}

describe("the interval holds what it says", () => {
  test.each([
    { weeksKnown: 2, hoursLeft: 24 * 3 },
    { weeksKnown: 2, hoursLeft: 24 * 14 },
    { weeksKnown: 4, hoursLeft: 24 },
    { weeksKnown: 4.4, hoursLeft: 24 * 10 },
    { weeksKnown: 8, hoursLeft: 24 * 21 },
    { weeksKnown: 8, hoursLeft: 12 },
    { weeksKnown: 1.9, hoursLeft: 24 * 7 },
  ])("with $weeksKnown weeks known and $hoursLeft hours left", (when) => {
    const { coveredPercent, width } = coverageOf(when);
    expect(coveredPercent).toBeGreaterThanOrEqual(CONFIDENCE_PERCENT - 5);
    expect(coveredPercent).toBeLessThan(97);
    expect(width).toBeLessThan(1.3);
  });
});

const steady = (days: number): bigint[] => Array.from({ length: days * 24 }, () => 100n);

test("goes on as fast as until now while less than two weeks are known", () => {
  const input = { ...standAfter(steady(10), 5 * 24, 24), nowMs: START_MS + 5 * 24 * HOUR_MS };
  expect(forecastSpend(input)).toEqual({
    kind: "expected",
    method: "run_rate",
    endNanoUsd: 100n * 24n * 6n,
    lowNanoUsd: 100n * 24n * 6n,
    highNanoUsd: 100n * 24n * 6n,
  });
});

test("counts the part of an hour that is left", () => {
  const at = standAfter(steady(15), 14 * 24, 0);
  const input = { ...at, nowMs: at.nowMs + HOUR_MS / 2, periodEndMs: at.nowMs + 1.25 * HOUR_MS };
  expect(forecastSpend(input)).toMatchObject({ method: "seasonal", endNanoUsd: 75n });
});

test("knows Mondays from Sundays", () => {
  const week = [...Array<bigint>(24).fill(10n), ...Array<bigint>(144).fill(1n)];
  const at = standAfter([...week, ...week, ...week.slice(0, 24)], 2 * WEEK_HOURS, 0);
  expect(forecastSpend(at)).toMatchObject({ endNanoUsd: 240n });
});

test("is never below what is spent", () => {
  for (let seed = 1; seed < 40; seed += 1) {
    const input = standAfter(hourlySpend(seed, 5 * WEEK_HOURS), 4 * WEEK_HOURS, 48);
    const forecast = forecastSpend({ ...input, periodEndMs: input.nowMs + 2 * HOUR_MS });
    if (forecast.kind === "unknown") throw new Error(forecast.reason);
    expect(forecast.lowNanoUsd).toBeGreaterThanOrEqual(input.spentNanoUsd);
    expect(forecast.endNanoUsd).toBeGreaterThanOrEqual(forecast.lowNanoUsd);
  }
});

test("is unknown while too little is known", () => {
  const known = standAfter(steady(10), 3 * 24, 24);
  expect(forecastSpend(known).kind).toBe("expected");
  expect(forecastSpend({ ...known, hourlyNanoUsd: known.hourlyNanoUsd.slice(1) })).toEqual({
    kind: "unknown",
    reason: "too_short",
  });
  // Hours before the first call say nothing about a project that did not exist.
  const young = [...Array<bigint>(200).fill(0n), ...steady(2)];
  expect(forecastSpend({ ...known, hourlyNanoUsd: young })).toMatchObject({ reason: "too_short" });
  expect(forecastSpend({ ...known, hourlyNanoUsd: Array<bigint>(100).fill(0n) })).toMatchObject({
    reason: "no_spend",
  });
  expect(forecastSpend({ ...known, periodEndMs: Infinity })).toMatchObject({ reason: "no_end" });
});
