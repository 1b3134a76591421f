import { assert, integer, property, string } from "fast-check";
import { expect, test } from "vitest";
import {
  BARS_MAX,
  CUSTOM_RANGE_MAX_MS,
  intervalFor,
  canCompareWithWeek,
  comparedWindow,
  parseTimeRange,
  RANGE_PRESETS,
  rangeWarning,
  windowBefore,
} from "#lib/time-range.ts";

const NOW = Date.parse("2026-11-23T14:05:09Z");
const parse = (query: string) => parseTimeRange(new URLSearchParams(query), NOW);

test("is the last 24 hours unless told otherwise", () => {
  const { range, problem } = parse("");
  expect(problem).toBeUndefined();
  expect(range).toMatchObject({ kind: "preset", preset: { id: "24h" } });
  expect(range.window.toUnixMs - range.window.fromUnixMs).toBe(86_400_000);
});

test("ends a preset with the running bar, so that rows of this moment are inside", () => {
  const { window } = parse("range=24h").range;
  expect(new Date(window.toUnixMs).toISOString()).toBe("2026-11-23T14:30:00.000Z");
  expect(parseTimeRange(new URLSearchParams("range=24h"), NOW + 60_000).range.window).toEqual(
    window,
  );
});

test.each(RANGE_PRESETS.map((preset) => [preset.id, preset] as const))(
  "divides %s into whole bars",
  (_, preset) => {
    expect(preset.lengthMs % preset.intervalMs).toBe(0);
    expect(preset.lengthMs / preset.intervalMs).toBeLessThanOrEqual(BARS_MAX);
  },
);

test("reads a custom range in UTC, or with the offset it names", () => {
  const { range } = parse("from=2026-11-01T00:00&to=2026-11-02T02:00%2B02:00");
  expect(range.kind).toBe("custom");
  expect(new Date(range.window.fromUnixMs).toISOString()).toBe("2026-11-01T00:00:00.000Z");
  expect(new Date(range.window.toUnixMs).toISOString()).toBe("2026-11-02T00:00:00.000Z");
  expect(parse("from=2026-11-23").range.window.toUnixMs).toBe(NOW);
});

test.each([
  ["range=2w", "is not a time range"],
  ["from=yesterday&to=2026-11-02", "the start of the time range is not a date"],
  ["from=2026-11-01&to=soon", "the end of the time range is not a date"],
  ["to=2026-11-01", "the start of the time range is not a date"],
  ["from=2026-11-02&to=2026-11-01", "ends before it starts"],
  ["from=2026-11-02&to=2026-11-02", "ends before it starts"],
  ["from=2026-13-01&to=2026-11-02", "not a date"],
  ["from=0001-01-01&to=2026-11-02", "not a date"],
])("says what is wrong with %s and shows the default instead", (query, text) => {
  const { range, problem } = parse(query);
  expect(problem).toContain(text);
  expect(range).toMatchObject({ kind: "preset", preset: { id: "24h" } });
});

test("accepts 92 days and refuses a minute more", () => {
  const from = Date.parse("2026-05-01T00:00:00Z");
  const to = (extraMs: number): string =>
    new Date(from + CUSTOM_RANGE_MAX_MS + extraMs).toISOString().slice(0, 16);
  expect(parse(`from=2026-05-01&to=${to(0)}`).problem).toBeUndefined();
  expect(parse(`from=2026-05-01&to=${to(60_000)}`).problem).toContain("at most 92 days");
});

test("never throws, whatever the URL says", () => {
  assert(
    property(string(), string(), string(), (range, from, to) => {
      const { window } = parseTimeRange(new URLSearchParams({ range, from, to }), NOW).range;
      expect(window.toUnixMs).toBeGreaterThan(window.fromUnixMs);
    }),
  );
});

test("keeps the number of bars small until a bar is a day", () => {
  assert(
    property(integer({ min: 1, max: CUSTOM_RANGE_MAX_MS }), (lengthMs) => {
      const intervalMs = intervalFor(lengthMs);
      expect(86_400_000 % intervalMs).toBe(0);
      expect(intervalMs === 86_400_000 || lengthMs / intervalMs <= BARS_MAX).toBe(true);
    }),
  );
});

const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 16);
const shown = ({ fromUnixMs, toUnixMs }: { fromUnixMs: number; toUnixMs: number }): string =>
  `${iso(fromUnixMs)} ${iso(toUnixMs)}`;

test.each([
  ["month", "2026-11-23T14:05:09Z", "2026-11-01T00:00 2026-11-24T00:00"],
  ["last-month", "2026-11-23T14:05:09Z", "2026-10-01T00:00 2026-11-01T00:00"],
  ["last-month", "2027-01-01T00:00:00Z", "2026-12-01T00:00 2027-01-01T00:00"],
  ["month", "2028-02-29T23:59:59Z", "2028-02-01T00:00 2028-03-01T00:00"],
])("%s is a calendar month in UTC, as of %s", (id, now, expected) => {
  const { range, problem } = parseTimeRange(new URLSearchParams({ range: id }), Date.parse(now));
  expect(problem).toBeUndefined();
  expect(shown(range.window)).toBe(expected);
  expect(range.window.intervalMs).toBe(86_400_000);
});

test.each([
  // As far into the time before as the range itself has come.
  ["range=24h", "2026-11-21T14:30 2026-11-22T14:05"],
  ["range=month", "2026-10-01T00:00 2026-10-23T14:05"],
  ["range=last-month", "2026-09-01T00:00 2026-10-01T00:00"],
  ["from=2026-11-01&to=2026-11-03", "2026-10-30T00:00 2026-11-01T00:00"],
  ["from=2026-12-01&to=2026-12-03", "2026-11-29T00:00 2026-12-01T00:00"],
])("compares %s with %s", (query, expected) => {
  expect(shown(windowBefore(parse(query).range, NOW))).toBe(expected);
});

test("compares with the same hours a week earlier, as much of them as has passed", () => {
  const { range } = parse("range=24h");
  expect(shown(comparedWindow(range, NOW, "week"))).toBe("2026-11-15T14:30 2026-11-16T14:05");
  expect(shown(comparedWindow(range, NOW, "before"))).toBe(shown(windowBefore(range, NOW)));
});

test("a range that its week before would overlap with is compared with the time before", () => {
  expect(canCompareWithWeek(parse("range=24h").range)).toBe(true);
  for (const query of ["range=7d", "range=month"]) {
    const { range } = parse(query);
    expect(canCompareWithWeek(range)).toBe(false);
    expect(comparedWindow(range, NOW, "week")).toEqual(windowBefore(range, NOW));
  }
});

test("a short month is compared whole with a day late in a long one, and never with itself", () => {
  const now = Date.parse("2027-03-31T12:00:00Z");
  const { range } = parseTimeRange(new URLSearchParams("range=month"), now);
  expect(shown(windowBefore(range, now))).toBe("2027-02-01T00:00 2027-03-01T00:00");
});

test("says when not all of a time is kept any more, or of what it is compared with", () => {
  const { range, problem } = parse("range=24h");
  const warn = (keptFrom?: string, before?: { fromUnixMs: number }): string | undefined =>
    rangeWarning({
      range,
      problem,
      keptFromMs: keptFrom === undefined ? undefined : Date.parse(keptFrom),
      before,
    });
  expect(warn()).toBeUndefined();
  expect(warn("2026-11-22")).toBeUndefined();
  expect(warn("2026-11-23")).toBe(
    "Calls from before 2026-11-23 are kept no longer: what is shown begins then.",
  );
  expect(warn("2026-11-22", { fromUnixMs: NOW - 2 * 86_400_000 })).toContain("2026-11-22");
  const other = parse("range=abc");
  expect(
    rangeWarning({ range: other.range, problem: other.problem, keptFromMs: undefined }),
  ).toContain("Showing the last 24 hours");
});
