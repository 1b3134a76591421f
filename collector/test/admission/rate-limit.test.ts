import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RateLimiter } from "../../src/admission/rate-limit.ts";

const SECOND = 1000;

function admits(limiter: RateLimiter, projectId: string, nowMs: number): boolean {
  try {
    limiter.admit(projectId, nowMs);
    return true;
  } catch {
    return false;
  }
}

test("zero is unlimited", () => {
  const limiter = new RateLimiter({ recordsPerSecond: 0, requestsPerSecond: 0 });
  limiter.charge("p", 1e9);
  expect(admits(limiter, "p", 0)).toBe(true);
});

test("a burst of five seconds passes, then one request per refill, per project", () => {
  const limiter = new RateLimiter({ recordsPerSecond: 0, requestsPerSecond: 2 });
  for (let sent = 0; sent < 10; sent += 1) expect(admits(limiter, "p", 0)).toBe(true);
  expect(admits(limiter, "p", 499)).toBe(false);
  expect(admits(limiter, "other", 499)).toBe(true);
  expect(admits(limiter, "p", 500)).toBe(true);
  expect(admits(limiter, "p", 500)).toBe(false);
});

test("a batch may overdraw the records, and the debt is waited off", () => {
  const limiter = new RateLimiter({ recordsPerSecond: 10, requestsPerSecond: 0 });
  expect(admits(limiter, "p", 0)).toBe(true);
  limiter.charge("p", 100);
  expect(admits(limiter, "p", 5 * SECOND)).toBe(false);
  expect(admits(limiter, "p", 5 * SECOND + 1)).toBe(true);
});

test("a refusal says when to come back", () => {
  const limiter = new RateLimiter({ recordsPerSecond: 10, requestsPerSecond: 0 });
  limiter.admit("p", 0);
  limiter.charge("p", 79);
  expect(() => limiter.admit("p", 0)).toThrow(
    expect.objectContaining({ code: "ingest.rate_limited", retryAfterSeconds: 3 }),
  );
});

test("over any time the admitted requests stay within rate plus burst", () => {
  const gaps = fc.array(fc.nat({ max: 2 * SECOND }), { maxLength: 200 });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 20 }), (gapsMs, requestsPerSecond) => {
      const limiter = new RateLimiter({ recordsPerSecond: 0, requestsPerSecond });
      let nowMs = 0;
      let admitted = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        if (admits(limiter, "p", nowMs)) admitted += 1;
      }
      expect(admitted).toBeLessThanOrEqual(requestsPerSecond * (5 + nowMs / SECOND) + 1e-6);
    }),
  );
});

test("a clock that goes backwards neither refills nor crashes", () => {
  const limiter = new RateLimiter({ recordsPerSecond: 0, requestsPerSecond: 1 });
  for (let sent = 0; sent < 5; sent += 1) limiter.admit("p", 10 * SECOND);
  expect(admits(limiter, "p", 0)).toBe(false);
});
