import { expect, test } from "vitest";
import { trustedMicros } from "../../src/span-row/trusted-time.ts";

const MINUTE = 60_000_000;
const DAY = 24 * 60 * MINUTE;
const RECEIVED = Date.UTC(2026, 10, 24, 12) * 1000;

test.each([
  ["as it was received", 0, true],
  ["a clock that runs ahead by minutes", 5 * MINUTE, true],
  ["a clock that is further ahead", 5 * MINUTE + 1, false],
  ["a client that was offline for a month", -30 * DAY, true],
  ["a year of history that is imported", -366 * DAY, true],
  ["a clock that was reset", -401 * DAY, false],
  ["no time", -RECEIVED, false],
])("%s", (_, offsetMicros, isBelieved) => {
  const start = RECEIVED + offsetMicros;
  expect(trustedMicros(start, RECEIVED)).toBe(isBelieved ? start : RECEIVED);
});
