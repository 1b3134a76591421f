import { assert, integer, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { formatCompactCount, formatCount, formatCounted } from "#lib/format/count.ts";
import { formatAge, formatDuration } from "#lib/format/duration.ts";
import { formatMoney, formatMoneyTick } from "#lib/format/money.ts";
import { formatChange, formatShare } from "#lib/format/percent.ts";
import {
  formatBucketSpan,
  formatFullTime,
  formatDay,
  formatClock,
  formatTimeTick,
  formatWindow,
  toInputTime,
} from "#lib/format/time.ts";

import { formatTokens } from "#lib/format/tokens.ts";

const at = (text: string): number => Date.parse(text);

test("prints an unknown amount as unknown and zero as zero", () => {
  expect(formatMoney(undefined)).toBe("unknown");
  expect(formatMoney(0n)).toBe("$0.00");
  expect(formatMoney(24_400n)).toBe("$0.0000244");
  expect(formatMoney(1_234_560_000_000n)).toBe("$1,234.56");
});

test.each([
  [0, "$0"],
  [0.00025, "$0.00025"],
  [0.05, "$0.05"],
  [0.5, "$0.50"],
  [2.5, "$2.50"],
  [100, "$100"],
  [1500, "$1.5k"],
  [2_000_000, "$2M"],
])("labels the axis at %d dollars as %s", (usd, text) => {
  expect(formatMoneyTick(usd)).toBe(text);
});

describe("counts", () => {
  test.each([
    [0, "0", "0"],
    [9999, "9,999", "9,999"],
    [10_000, "10,000", "10.0k"],
    [12_345, "12,345", "12.3k"],
    [999_499, "999,499", "999k"],
    [999_500, "999,500", "1.00M"],
    [2e15, "2,000,000,000,000,000", "2,000T"],
    [1_234_567n, "1,234,567", "1.23M"],
    [-12_345, "-12,345", "-12.3k"],
  ])("%s is %s, in short %s", (count, long, short) => {
    expect(formatCount(count)).toBe(long);
    expect(formatCompactCount(count)).toBe(short);
  });

  test("are unknown when undefined", () => {
    expect(formatCount(undefined)).toBe("unknown");
    expect(formatCompactCount(undefined)).toBe("unknown");
  });

  test("in short are within half a percent of the truth", () => {
    const sizes: Record<string, number> = { k: 1e3, M: 1e6, B: 1e9, T: 1e12 };
    assert(
      property(integer({ min: 10_000, max: 999e12 }), (count) => {
        const text = formatCompactCount(count);
        const value = Number(text.slice(0, -1)) * (sizes[text.slice(-1)] ?? Number.NaN);
        expect(Math.abs(value - count) / count).toBeLessThanOrEqual(0.005);
      }),
    );
  });

  test("agree with their noun", () => {
    expect(formatCounted(1, "call")).toBe("1 call");
    expect(formatCounted(0, "call")).toBe("0 calls");
    expect(formatCounted(1234, "call")).toBe("1,234 calls");
  });
});

test("adds tokens up only where both sides were reported", () => {
  expect(formatTokens(20_000, 345)).toBe("20.3k");
  expect(formatTokens(748, undefined)).toBe("748 in");
  expect(formatTokens(undefined, 5)).toBe("5 out");
  expect(formatTokens(undefined, undefined)).toBe("unknown");
});

describe("shares", () => {
  test.each([
    [0, 10, "0 %"],
    [10, 10, "100 %"],
    [987, 1000, "98.7 %"],
    [1, 1_000_000, "< 0.1 %"],
    [999_999, 1_000_000, "> 99.9 %"],
  ])("%d of %d is %s", (part, whole, text) => {
    expect(formatShare(part, whole)).toBe(text);
  });

  test("do not exist of nothing", () => {
    expect(formatShare(0, 0)).toBeUndefined();
  });
});

describe("durations", () => {
  test.each([
    [undefined, "unknown"],
    [0, "0 ms"],
    [0.42, "0.42 ms"],
    [812.4, "812 ms"],
    [999.4, "999 ms"],
    [999.5, "1.00 s"],
    [1240, "1.24 s"],
    [14_050, "14.1 s"],
    [59_949, "59.9 s"],
    [59_950, "1 min 0 s"],
    [123_000, "2 min 3 s"],
    [3_599_600, "1 h 0 min"],
    [3_840_000, "1 h 4 min"],
  ])("%s ms is %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test.each([
    [0, "just now"],
    [999, "just now"],
    [1000, "1 s ago"],
    [59_999, "59 s ago"],
    [60_000, "1 min ago"],
    [3_600_000, "1 h ago"],
    [48 * 3_600_000, "2 d ago"],
  ])("%d ms is an age of %s", (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });
});

test("prints times in UTC", () => {
  expect(formatDay(at("2026-11-03T23:59:59.999Z"))).toBe("3 Nov");
  expect(formatClock(at("2026-11-03T04:05:06.789Z"))).toBe("04:05:06");
  expect(formatFullTime(at("2026-11-03T04:05:06.789Z"))).toBe("2026-11-03 04:05:06.789 UTC");
  expect(toInputTime(at("2026-11-03T04:05:06Z"))).toBe("2026-11-03T04:05");
  expect(formatWindow(at("2026-11-03T04:00:00Z"), at("2026-11-04T04:30:00Z"))).toBe(
    "3 Nov 04:00 to 4 Nov 04:30 UTC",
  );
});

test("labels a bar by its length and the axis by the day where one begins", () => {
  expect(formatBucketSpan(at("2026-11-03T14:00:00Z"), 1_800_000)).toBe("3 Nov 14:00 to 14:30");
  expect(formatBucketSpan(at("2026-11-03T00:00:00Z"), 86_400_000)).toBe("3 Nov");
  expect(formatTimeTick(at("2026-11-03T14:30:00Z"))).toBe("14:30");
  expect(formatTimeTick(at("2026-11-03T00:00:00Z"))).toBe("3 Nov");
});

describe("changes", () => {
  test.each([
    [112n, 100n, "12 % more than before"],
    [92n, 100n, "8 % less than before"],
    [1001n, 1000n, "as much as before"],
    [410n, 100n, "4.1 times as much as before"],
    [19_680_000_000n, 14_200_000n, "$0.0142 before"],
    [0n, 100n, "100 % less than before"],
  ])("%s after %s is %s", (now, before, text) => {
    expect(formatChange(now, before)).toBe(text);
  });

  test("says nothing where there is nothing to compare with", () => {
    expect(formatChange(5n, 0n)).toBeUndefined();
    expect(formatChange(5n, undefined)).toBeUndefined();
    expect(formatChange(undefined, 5n)).toBeUndefined();
  });
});
