import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FingerprintTable } from "../../src/landing/fingerprint-table.ts";
import { SeenWindow } from "../../src/landing/seen-window.ts";
import { batchIdOf } from "./test-rows.ts";

const MINUTE = 60_000;
const requestId = (n: number): Uint8Array => batchIdOf(Buffer.from(String(n)));

describe("the fingerprint table", () => {
  const command = fc.record({
    action: fc.constantFrom("add", "add", "remove", "has"),
    // Few slots and few homes: long runs that wrap around the end, and the all-zero key.
    home: fc.constantFrom(0, 1, 2, 14, 15),
    rest: fc.nat(6),
  });

  test.each([2, 4] as const)("of %i words answers like a set", (wordsPerKey) => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
        const table = new FingerprintTable(wordsPerKey, 16);
        const model = new Set<string>();
        for (const { action, home, rest } of commands) {
          const key = Uint32Array.from([9, home, rest, rest, rest]);
          const name = `${home}/${rest}`;
          const wasThere = model.has(name);
          if (action === "add") model.add(name);
          if (action === "remove") model.delete(name);
          expect(table[action](key, 1)).toBe(action === "add" ? !wasThere : wasThere);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("the seen window, requests", () => {
  test("knows a request until it is taken back", () => {
    const seen = new SeenWindow();
    expect(seen.seenRequest(requestId(1))).toBe(false);
    seen.addRequest(requestId(1), 0);
    expect(seen.seenRequest(requestId(1))).toBe(true);
    expect(seen.seenRequest(requestId(2))).toBe(false);
    seen.removeRequest(requestId(1));
    expect(seen.seenRequest(requestId(1))).toBe(false);
  });

  test("remembers for 15 minutes under traffic, and forgets in the end", () => {
    const seen = new SeenWindow();
    seen.addRequest(requestId(0), 0);
    for (let second = 1; second <= 15 * 60; second += 1) {
      seen.addRequest(requestId(second), second * 1000);
    }
    expect(seen.seenRequest(requestId(0))).toBe(true);
    for (let second = 15 * 60; second <= 26 * 60; second += 1) {
      seen.addRequest(requestId(second), second * 1000);
    }
    expect(seen.seenRequest(requestId(0))).toBe(false);
    expect(seen.seenRequest(requestId(11 * 60))).toBe(true); // 15 minutes before
  });

  test("after an hour of silence only the silence is forgotten, not the request that ends it", () => {
    const seen = new SeenWindow();
    seen.addRequest(requestId(0), 0);
    seen.addRequest(requestId(1), 60 * MINUTE);
    expect(seen.seenRequest(requestId(0))).toBe(false);
    expect(seen.seenRequest(requestId(1))).toBe(true);
  });

  test("keeps its bound under a flood, and the newest requests", () => {
    const seen = new SeenWindow({ requestsMax: 1000 });
    for (let n = 0; n < 5000; n += 1) seen.addRequest(requestId(n), n);
    expect(seen.requestCount).toBeLessThanOrEqual(1250);
    for (let n = 4001; n < 5000; n += 1) expect(seen.seenRequest(requestId(n))).toBe(true);
  });
});

describe("the seen window, spans", () => {
  test("tells a new span from a known one, and from one taken back", () => {
    const seen = new SeenWindow();
    expect(seen.addSpan(1, 2)).toBe(true);
    expect(seen.addSpan(1, 2)).toBe(false);
    expect(seen.addSpan(2, 1)).toBe(true);
    seen.removeSpan(1, 2);
    expect(seen.addSpan(1, 2)).toBe(true);
  });

  test("forgets the oldest half at its bound, never a newer span", () => {
    const seen = new SeenWindow({ spansMax: 1000 });
    for (let n = 1; n <= 2250; n += 1) expect(seen.addSpan(n * 2_654_435_761, n)).toBe(true);
    expect(seen.spanCount).toBeLessThanOrEqual(1000);
    for (let n = 1751; n <= 2250; n += 1) expect(seen.addSpan(n * 2_654_435_761, n)).toBe(false);
    expect(seen.addSpan(2_654_435_761, 1)).toBe(true);
  });

  test("takes a span back that is already in the older half", () => {
    const seen = new SeenWindow({ spansMax: 10 });
    for (let n = 1; n <= 7; n += 1) seen.addSpan(n, n);
    seen.removeSpan(1, 1);
    expect(seen.addSpan(1, 1)).toBe(true);
  });
});
