import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { csvLine } from "#lib/server/api/call-table.ts";
import { expectedVersionOf, isKnown } from "#lib/server/api/etag.ts";
import { idempotencyKeyOf } from "#lib/server/api/idempotency.ts";
import { matchRoute } from "#lib/server/api/match-route.ts";
import { cutPage, fromCursor, toCursor } from "#lib/server/api/paging.ts";
import { RateLimiter, type RatePolicy } from "#lib/server/api/rate-limit.ts";
import { API_ROUTES } from "#lib/server/api/routes.ts";

describe("a rate limit", () => {
  const policy: RatePolicy = { name: "read", requests: 10, windowSeconds: 60 };

  test("gives a burst, then one request per refill", () => {
    const limiter = new RateLimiter();
    const take = (atMs: number): boolean => limiter.take(policy, "a", atMs).isAllowed;
    expect(Array.from({ length: 11 }, () => take(0))).toEqual([...Array(10).fill(true), false]);
    expect([take(5999), take(6000), take(6001)]).toEqual([false, true, false]);
    expect(limiter.take(policy, "b", 0).isAllowed).toBe(true);
  });

  test("says how long to wait, and that is enough", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 60 }), (pausesMs) => {
        const limiter = new RateLimiter();
        let nowMs = 0;
        for (const pauseMs of pausesMs) {
          nowMs += pauseMs;
          const verdict = limiter.take(policy, "a", nowMs);
          if (verdict.isAllowed) continue;
          nowMs += verdict.retryAfterSeconds * 1000;
          expect(limiter.take(policy, "a", nowMs).isAllowed).toBe(true);
        }
      }),
    );
  });

  test("never lets more through than a burst and the refill", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -500, max: 500 }), { maxLength: 300 }), (stepsMs) => {
        const limiter = new RateLimiter();
        let nowMs = 1_000_000;
        let latestMs = nowMs;
        let allowed = 0;
        let forwardMs = 0;
        for (const stepMs of stepsMs) {
          nowMs += stepMs;
          forwardMs += Math.max(0, stepMs);
          latestMs = Math.max(latestMs, nowMs);
          if (limiter.take(policy, "a", nowMs).isAllowed) allowed += 1;
        }
        expect(allowed).toBeLessThanOrEqual(10 + forwardMs / 6000);
      }),
    );
  });
});

test.each([
  ["/projects/a", "getProject", { projectId: "a" }],
  ["/projects/a%20b", "getProject", { projectId: "a b" }],
  ["/projects/a/prices", "getPrice", { projectId: "a" }],
  ["/projects/a/prices/unknown", "listUnpricedModels", { projectId: "a" }],
])("%s is %s", (path, operationId, params) => {
  expect(matchRoute(API_ROUTES, { method: "GET", path })).toMatchObject({
    kind: "found",
    route: { operationId },
    params,
  });
});

test("If-Match names a version, anything, or nothing of ours", () => {
  expect(expectedVersionOf(null)).toBeUndefined();
  expect(expectedVersionOf(" * ")).toBe("any");
  expect(expectedVersionOf('"v12"')).toBe(12);
  // A weak tag never matches here (RFC 9110, 8.8.3.2).
  for (const other of ['W/"v12"', '"v12", "v13"', "v12", '""']) {
    expect(expectedVersionOf(other)).toBe(0);
  }
});

test("If-None-Match takes lists, weak tags and *", () => {
  expect(isKnown('"a", W/"b"', '"b"')).toBe(true);
  expect(isKnown("*", '"b"')).toBe(true);
  expect(isKnown('"a"', '"b"')).toBe(false);
  expect(isKnown(null, '"b"')).toBe(false);
});

test("an Idempotency-Key may come with quotes or without", () => {
  const key = "8e03978e-40d5-43dd-bc93-6894a57f9324";
  expect(idempotencyKeyOf(`"${key}"`)).toBe(key);
  expect(idempotencyKeyOf(key)).toBe(key);
  expect(idempotencyKeyOf(null)).toBeUndefined();
  for (const bad of ["", '"', "short", "x".repeat(129), "a key with some spaces"]) {
    expect(() => idempotencyKeyOf(bad)).toThrow("16 to 128");
  }
});

test("a cursor leads to where the page ended, and nothing else is one", () => {
  const schema = z.tuple([z.int(), z.string().nullable()]);
  fc.assert(
    fc.property(fc.integer(), fc.option(fc.string()), (number, text) => {
      expect(fromCursor(toCursor([number, text]), schema)).toEqual([number, text]);
    }),
  );
  expect(fromCursor(undefined, schema)).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => fromCursor(Buffer.from(text).toString("base64url"), schema)).toThrow("cursor");
    }),
  );
});

const placeOf = (item: number): number[] => [item];

test("a page has a cursor only when there is more", () => {
  expect(cutPage([1, 2], 2, placeOf)).toEqual({ items: [1, 2], nextCursor: undefined });
  expect(cutPage([1, 2, 3], 2, placeOf)).toEqual({ items: [1, 2], nextCursor: toCursor([2]) });
  expect(cutPage([], 2, placeOf)).toEqual({ items: [], nextCursor: undefined });
});

test("no text of a client becomes a formula or another field", () => {
  const line = csvLine({
    startUnixNano: 0n,
    model: '=HYPERLINK("x")',
    userId: "a,b",
    serviceName: 'say "hi"\n',
    costNanoUsd: -5n,
    tokens: {},
  } as never);
  expect(line).toContain(`"'=HYPERLINK(""x"")"`);
  expect(line).toContain('"a,b"');
  expect(line).toContain('"say ""hi""\n"');
  expect(line).toContain(",-5,");
  expect(line).toMatch(/\r\n$/);
});
