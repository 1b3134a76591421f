import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  countedSpan,
  periodAfter,
  periodAt,
  periodsWithin,
  type Period,
  type PeriodRule,
} from "#lib/budgets/period.ts";
import { dateIn, isTimeZone, type CalendarDate } from "#lib/budgets/zone-time.ts";

const HOUR_MS = 3_600_000;
const ZONES = Intl.supportedValuesOf("timeZone");

const at = (text: string): number => Date.parse(text);
const hoursOf = ({ startMs, endMs }: Period): number => (endMs - startMs) / HOUR_MS;
const periodOf = (rule: PeriodRule, text: string): Period => {
  const period = periodAt(rule, at(text));
  if (period === undefined) throw new Error("there is no period");
  return period;
};
const textOf = ({ startMs, endMs }: Period): string =>
  [startMs, endMs].map((ms) => new Date(ms).toISOString().replace(":00.000Z", "Z")).join(" ");

function rulesOf(timeZone: string): fc.Arbitrary<PeriodRule> {
  return fc.oneof(
    fc.constant({ kind: "day" as const, timeZone }),
    fc.record({
      kind: fc.constant("week" as const),
      timeZone: fc.constant(timeZone),
      weekStartsOn: fc.integer({ min: 1, max: 7 }),
    }),
    fc.record({
      kind: fc.constant("month" as const),
      timeZone: fc.constant(timeZone),
      monthDay: fc.integer({ min: 1, max: 31 }),
    }),
    fc.record({
      kind: fc.constant("quarter" as const),
      timeZone: fc.constant(timeZone),
      firstMonth: fc.integer({ min: 1, max: 12 }),
    }),
    fc.constant({ kind: "hour" as const }),
    fc.record({
      kind: fc.constant("rolling" as const),
      windowMs: fc.integer({ min: 1, max: 2160 }).map((hours) => hours * HOUR_MS),
    }),
  );
}

function isNamedBy(rule: PeriodRule, { year, month, day }: CalendarDate): boolean {
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay() || 7;
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (rule.kind === "week") return weekday === rule.weekStartsOn;
  if (rule.kind === "month") return day === Math.min(rule.monthDay, lastDay);
  if (rule.kind === "quarter") return (month - rule.firstMonth) % 3 === 0 && day === 1;
  return true;
}

describe("in every time zone", () => {
  const moments = fc.integer({ min: at("1985-01-01T00:00:00Z"), max: at("2045-01-01T00:00:00Z") });

  test("every moment is in one period, and periods follow each other without gap or overlap", () => {
    expect(ZONES.length).toBeGreaterThan(400);
    for (const zone of ZONES) {
      fc.assert(
        fc.property(rulesOf(zone), moments, (rule, moment) => {
          const period = periodAt(rule, moment) as Period;
          expect(period.startMs).toBeLessThanOrEqual(moment);
          expect(period.endMs).toBeGreaterThan(moment);
          for (const inside of [period.startMs, period.endMs - 1])
            expect(periodAt(rule, inside)).toEqual(period);
          expect(periodAfter(rule, period)?.startMs).toBe(period.endMs);
          expect(periodAt(rule, period.startMs - 1)?.endMs).toBe(period.startMs);
        }),
        { numRuns: 4 },
      );
    }
  });

  test("a period begins with the first moment of a date that its rule names", () => {
    for (const zone of ZONES) {
      fc.assert(
        fc.property(rulesOf(zone), moments, (rule, moment) => {
          fc.pre("timeZone" in rule);
          const { startMs } = periodAt(rule, moment) as Period;
          const date = dateIn(zone, startMs);
          expect(isNamedBy(rule, date)).toBe(true);
          expect(dateIn(zone, startMs - 1)).not.toEqual(date);
        }),
        { numRuns: 3, seed: 7 },
      );
    }
  });
});

test.each<[string, PeriodRule, string, string]>([
  [
    "a month of Berlin, which summer time ends in",
    { kind: "month", timeZone: "Europe/Berlin", monthDay: 1 },
    "2026-10-15T12:00Z",
    "2026-09-30T22:00Z 2026-10-31T23:00Z",
  ],
  [
    "a month from the 31st, in February: clamped to its last day",
    { kind: "month", timeZone: "UTC", monthDay: 31 },
    "2026-02-27T23:59Z",
    "2026-01-31T00:00Z 2026-02-28T00:00Z",
  ],
  [
    "a quarter of a year that begins in February",
    { kind: "quarter", timeZone: "America/New_York", firstMonth: 2 },
    "2026-01-31T23:00Z",
    "2025-11-01T04:00Z 2026-02-01T05:00Z",
  ],
  [
    "a week from Sunday in Kathmandu",
    { kind: "week", timeZone: "Asia/Kathmandu", weekStartsOn: 7 },
    "2026-11-28T18:15Z",
    "2026-11-28T18:15Z 2026-12-05T18:15Z",
  ],
  [
    "the day in Beirut whose midnight is left out",
    { kind: "day", timeZone: "Asia/Beirut" },
    "2024-03-31T12:00Z",
    "2024-03-30T22:00Z 2024-03-31T21:00Z",
  ],
  [
    "the day in Havana that has two midnights",
    { kind: "day", timeZone: "America/Havana" },
    "2024-11-03T12:00Z",
    "2024-11-03T04:00Z 2024-11-04T05:00Z",
  ],
  [
    "the day before the one that Apia left out",
    { kind: "day", timeZone: "Pacific/Apia" },
    "2011-12-30T09:00Z",
    "2011-12-29T10:00Z 2011-12-30T10:00Z",
  ],
  ["an hour", { kind: "hour" }, "2026-11-24T08:59Z", "2026-11-24T08:00Z 2026-11-24T09:00Z"],
])("%s", (...[, rule, moment, expected]) => {
  expect(textOf(periodOf(rule, moment))).toBe(expected);
});

test("a day has 23 hours where summer time begins, and 25 where it ends", () => {
  const berlin: PeriodRule = { kind: "day", timeZone: "Europe/Berlin" };
  const lordHowe: PeriodRule = { kind: "day", timeZone: "Australia/Lord_Howe" };
  expect(hoursOf(periodOf(berlin, "2026-03-29T12:00Z"))).toBe(23);
  expect(hoursOf(periodOf(berlin, "2026-10-25T12:00Z"))).toBe(25);
  expect(hoursOf(periodOf(lordHowe, "2026-04-04T20:00Z"))).toBe(24.5);
});

test("a total counts from when the budget was made or from its start, up to its end", () => {
  const rule: PeriodRule = { kind: "total", endsAt: "2026-12-01T00:00:00Z" };
  const madeMs = at("2026-11-01T00:00Z");
  const endMs = at("2026-12-01T00:00Z");
  expect(periodAt(rule, endMs - 1, madeMs)).toEqual({ startMs: madeMs, endMs });
  expect(periodAt(rule, endMs, madeMs)).toBeUndefined();
  const later: PeriodRule = { kind: "total", startsAt: "2026-11-10T00:00:00Z" };
  expect(periodAt(later, at("2026-11-09T23:59Z"), madeMs)).toBeUndefined();
  expect(periodAt(later, at("2027-01-01T00:00Z"), madeMs)?.endMs).toBe(Infinity);
});

test("a rolling window counts what came before the slice that runs", () => {
  const rule: PeriodRule = { kind: "rolling", windowMs: HOUR_MS };
  expect(textOf(periodOf(rule, "2026-11-24T08:59:30Z"))).toBe(
    "2026-11-24T08:59Z 2026-11-24T09:00Z",
  );
  expect(textOf(countedSpan(rule, at("2026-11-24T08:59:30Z")) as Period)).toBe(
    "2026-11-24T07:59Z 2026-11-24T09:00Z",
  );
});

test("the periods within a span are all that it touches", () => {
  const rule: PeriodRule = { kind: "month", timeZone: "UTC", monthDay: 1 };
  const span = { fromMs: at("2026-01-31T23:59Z"), toMs: at("2026-03-01T00:00Z") };
  expect(periodsWithin(rule, span).map(textOf)).toEqual([
    "2026-01-01T00:00Z 2026-02-01T00:00Z",
    "2026-02-01T00:00Z 2026-03-01T00:00Z",
  ]);
});

test.each([
  ["Europe/Berlin", true],
  ["UTC", true],
  ["Mars/Olympus", false],
  ["+02:00", false],
  ["", false],
])("is %j a time zone? %j", (name, expected) => {
  expect(isTimeZone(name)).toBe(expected);
});
