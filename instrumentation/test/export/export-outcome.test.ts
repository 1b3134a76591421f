import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failureOf, outcomeOf } from "../../src/export/export-outcome.ts";
import type { ExportAnswer } from "../../src/export/export-outcome.ts";
import { retryDelayMs } from "../../src/export/retry-delay.ts";

const NOW_MS = Date.parse("2026-05-04T12:00:00Z");

const answer = (
  status: number,
  headers: ExportAnswer["headers"] = {},
  body: readonly number[] = [],
): ExportAnswer => ({ status, headers, body: Uint8Array.from(body) });

const outcome = (...args: Parameters<typeof answer>): unknown => outcomeOf(answer(...args), NOW_MS);

describe("what becomes of an export", () => {
  test.each([200, 202, 204])("status %d: it is delivered", (status) => {
    expect(outcome(status)).toEqual({ kind: "delivered", rejectedCount: 0 });
  });

  test.each([429, 502, 503, 504])("status %d: it is sent again", (status) => {
    expect(outcome(status)).toMatchObject({ kind: "retryable", errorType: String(status) });
  });

  test.each([301, 400, 401, 403, 404, 413, 415, 500, 501])("status %d: it is lost", (status) => {
    expect(outcome(status)).toEqual({ kind: "refused", errorType: String(status) });
  });

  test("a partial success says how many are lost", () => {
    // partial_success { rejected_spans: 7 }
    expect(outcome(200, {}, [10, 2, 8, 7])).toEqual({ kind: "delivered", rejectedCount: 7 });
  });

  test("a success with a body that cannot be read is a success", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (body) => {
        const result = outcomeOf({ status: 200, headers: {}, body }, NOW_MS);
        expect(result.kind).toBe("delivered");
      }),
    );
  });

  test("a page in HTML is no receiver of OTLP, whatever its status says", () => {
    expect(outcome(200, { "content-type": "text/html; charset=utf-8" })).toMatchObject({
      kind: "retryable",
      errorType: "not_otlp",
    });
  });

  test.each([
    ["seconds", "7", 7000],
    ["a date", "Mon, 04 May 2026 12:00:05 GMT", 5000],
    ["a date that has passed", "Mon, 04 May 2026 11:00:00 GMT", 0],
    ["a year", "31536000", 60_000],
    ["a date in a year", "Tue, 04 May 2027 12:00:00 GMT", 60_000],
    ["nonsense", "soon", undefined],
    ["nothing", undefined, undefined],
  ])("Retry-After with %s", (_, field, retryAfterMs) => {
    expect(outcome(503, { "retry-after": field })).toMatchObject({ retryAfterMs });
  });

  test("a connection that fails is tried again, under the code of its failure", () => {
    const error = Object.assign(new Error("connect to 10.0.0.1"), { code: "ECONNREFUSED" });
    expect(failureOf(error)).toMatchObject({ kind: "retryable", errorType: "ECONNREFUSED" });
    expect(failureOf(new TypeError("fetch failed", { cause: error }))).toMatchObject({
      errorType: "ECONNREFUSED",
    });
  });
});

describe("the wait before the next attempt", () => {
  test("doubles, up to half a minute, and is never less than half of that", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, random) => {
          const most = Math.min(500 * 2 ** (failures - 1), 30_000);
          const delayMs = retryDelayMs(failures, undefined, random);
          expect(delayMs).toBeGreaterThanOrEqual(most / 2);
          expect(delayMs).toBeLessThanOrEqual(most);
        },
      ),
    );
  });

  test("is at least what the receiver asks for", () => {
    expect(retryDelayMs(9, 2000, 0)).toBe(2000);
    expect(retryDelayMs(1, 2000, 1)).toBe(2500);
  });
});
