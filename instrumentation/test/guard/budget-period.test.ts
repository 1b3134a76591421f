import * as fc from "fast-check";
import { expect, test } from "vitest";
import { periodAt } from "../../src/guard/budget-period.ts";

const at = (text: string): number => Date.parse(text);
const period = (from: string, to: string): { startMs: number; endMs: number } => ({
  startMs: at(from),
  endMs: at(to),
});

const periodOf = (text: string): { startMs: number; endMs: number } => {
  const [from = "", to = ""] = text.split(" ").map((day) => `2026-${day}Z`);
  return period(from, to);
};

test("a period holds until the moment before its end", () => {
  const november = period("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
  expect(periodAt(november, november.endMs - 1)).toBe(november);
  expect(periodAt(november, november.endMs)).toEqual(
    period("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
  );
});

test.each([
  ["a month", "01-15T06:00 02-15T06:00", "04-15T05:59", "03-15T06:00 04-15T06:00"],
  ["a quarter", "01-01T00:00 04-01T00:00", "09-30T23:59", "07-01T00:00 10-01T00:00"],
  ["a week", "11-02T00:00 11-09T00:00", "11-24T00:00", "11-23T00:00 11-30T00:00"],
  ["a day", "11-02T23:00 11-03T23:00", "11-24T22:59", "11-23T23:00 11-24T23:00"],
])("%s is followed by one of its kind", (...[, first, now, next]) => {
  expect(periodAt(periodOf(first), at(`2026-${now}Z`))).toEqual(periodOf(next));
});

test("the periods that the policy lists follow as they are, and beyond them ones of the last length", () => {
  // Days in Berlin around the end of summer time: 24, 25 and 24 hours.
  const friday = {
    ...period("2026-10-22T22:00:00Z", "2026-10-23T22:00:00Z"),
    laterEndsMs: [
      at("2026-10-24T22:00:00Z"),
      at("2026-10-25T23:00:00Z"),
      at("2026-10-26T23:00:00Z"),
    ],
  };
  expect(periodAt(friday, at("2026-10-25T22:30:00Z"))).toEqual({
    ...period("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
    laterEndsMs: [at("2026-10-26T23:00:00Z")],
  });
  expect(periodAt(friday, at("2026-10-28T12:00:00Z"))).toEqual(
    period("2026-10-27T23:00:00Z", "2026-10-28T23:00:00Z"),
  );
});

test("there is one period for every moment, and periods follow each other without a gap", () => {
  const starts = fc.constantFrom(
    "2026-01-01T00:00:00Z",
    "2026-01-28T12:30:00Z",
    "2024-02-29T00:00:00Z",
  );
  const lengths = fc.constantFrom(
    "2026-02-01T00:00:00Z",
    "2026-02-28T12:30:00Z",
    "2026-01-31T01:00:00Z",
  );
  fc.assert(
    fc.property(starts, lengths, fc.nat(4_000_000_000), (from, to, laterSeconds) => {
      fc.pre(at(from) < at(to));
      const first = period(from, to);
      const nowMs = first.startMs + laterSeconds * 1000;
      const current = periodAt(first, nowMs);
      expect(current.startMs).toBeLessThanOrEqual(nowMs);
      expect(current.endMs).toBeGreaterThan(nowMs);
      const next = periodAt(first, current.endMs);
      expect(next.startMs).toBe(current.endMs);
    }),
  );
});
