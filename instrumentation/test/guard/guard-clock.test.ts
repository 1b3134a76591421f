import { describe, expect, test } from "vitest";
import { GuardClock } from "../../src/guard/guard-clock.ts";

const HOUR_MS = 3_600_000;

/** A machine whose clock can be set. */
function machine(startMs: number) {
  let ms = startMs;
  const clock = new GuardClock(() => ms);
  return { clock, at: (nowMs: number) => void (ms = nowMs) };
}

describe("the clock of a guard", () => {
  test.each([-HOUR_MS, -90_000, 90_000, HOUR_MS])(
    "that is %d ms wrong goes by the ledger's",
    (wrongMs) => {
      const { clock, at } = machine(1e12 + wrongMs);
      clock.nowMs();
      clock.hear(1e12, 0);
      expect(clock.nowMs()).toBe(1e12);
      at(1e12 + wrongMs + 500);
      expect(clock.nowMs()).toBe(1e12 + 500);
    },
  );

  test("stays as it is where the ledger's is as near as messages take to come", () => {
    const { clock } = machine(1e12);
    clock.hear(1e12 - 3_000, 3_000);
    expect(clock.nowMs()).toBe(1e12);
  });

  test("that is set back stands still until the ledger tells", () => {
    const { clock, at } = machine(1e12);
    clock.nowMs();
    at(1e12 - HOUR_MS);
    expect(clock.nowMs()).toBe(1e12);
    clock.hear(1e12 + 4_000, 0);
    expect(clock.nowMs()).toBe(1e12 + 4_000);
  });
});
