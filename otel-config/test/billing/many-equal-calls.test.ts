import { expect, it } from "vitest";
import type { CallRecord } from "../../src/billing/call-record.ts";
import { resolveCalls } from "../../src/billing/resolve-calls.ts";
import { linksOf, record, reported } from "./sample-records.ts";

/** A load test against a stand-in: two instrumentations tell of calls that all count the same. */
function loadTest(calls: number, onRead: () => void): CallRecord[] {
  return Array.from({ length: calls }, (_, at) =>
    ["openai", "langchain"].map((scope) => {
      const sample = record(`${scope} ${at}`, { scope, atMs: at * 100, usage: reported(100, 20) });
      return Object.defineProperty({ ...sample }, "service", {
        get: () => {
          onRead();
          return sample.service;
        },
      });
    }),
  ).flat();
}

function readsOf(calls: number): number {
  let reads = 0;
  const records = loadTest(calls, () => {
    reads += 1;
  });
  const verdicts = resolveCalls(records, linksOf());
  expect(verdicts.filter(({ rule }) => rule === "twin").length).toBe(calls);
  return reads;
}

it("compares calls that count the same only with those that run at the same time", () => {
  const [few, many] = [readsOf(500), readsOf(2000)];
  expect(many / few).toBeLessThan(5);
});
