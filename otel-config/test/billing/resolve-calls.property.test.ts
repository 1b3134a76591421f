import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isBilledRule } from "../../src/billing/bill-rule.ts";
import type { CallRecord } from "../../src/billing/call-record.ts";
import { resolveCalls } from "../../src/billing/resolve-calls.ts";
import { randomLinks, randomRecords } from "./random-records.ts";
import { linksOf, record, verdictsOf } from "./sample-records.ts";

const inputOf = (records: readonly CallRecord[]): number =>
  records.reduce((sum, { usage }) => sum + (usage.input ?? 0), 0);
const RUNS = { numRuns: 1000 };

describe("whatever was sent", () => {
  it("gives the same verdicts in any order", () => {
    const drawn = randomRecords.chain((records) =>
      fc.tuple(
        fc.constant(records),
        fc.shuffledSubarray(records, { minLength: records.length }),
        randomLinks,
      ),
    );
    fc.assert(
      fc.property(drawn, ([records, shuffled, links]) => {
        expect(verdictsOf(shuffled, links)).toEqual(verdictsOf(records, links));
      }),
      RUNS,
    );
  });

  it("says of two records what it says of them beside others that have nothing to do with them", () => {
    const stranger = record("stranger", { service: "elsewhere", model: "o3", atMs: 86_400_000 });
    fc.assert(
      fc.property(randomRecords, randomLinks, (records, links) => {
        for (const pair of [records.slice(0, 2), records.slice(-2)]) {
          const alone = resolveCalls(pair, links);
          expect(resolveCalls([...pair, stranger], links).slice(0, -1)).toEqual(alone);
        }
      }),
      RUNS,
    );
  });

  it("names a record that is billed itself for each that is not, of the same project", () => {
    fc.assert(
      fc.property(randomRecords, randomLinks, (records, links) => {
        const verdicts = resolveCalls(records, links);
        for (const [at, { rule, shadowedBy }] of verdicts.entries()) {
          const isOwn = isBilledRule(rule) || rule === "failed";
          expect(shadowedBy === undefined).toBe(isOwn);
          const target = verdicts[shadowedBy ?? at]?.rule ?? "twin";
          expect(isBilledRule(target) || records[at]?.usage.source === "none").toBe(true);
          expect(records[shadowedBy ?? at]?.project).toBe(records[at]?.project);
        }
      }),
      RUNS,
    );
  });

  it("bills no record of a failure, and at least one record of an answer per project", () => {
    fc.assert(
      fc.property(randomRecords, randomLinks, (records, links) => {
        const verdicts = resolveCalls(records, links);
        const billed = records.filter((_, at) => isBilledRule(verdicts[at]?.rule ?? "twin"));
        expect(billed.every(({ usage }) => usage.source !== "none")).toBe(true);
        for (const { project, usage } of records) {
          if (usage.source === "none") continue;
          expect(billed.some((each) => each.project === project)).toBe(true);
        }
      }),
      RUNS,
    );
  });

  it("bills at least what any single record says, and at most what all say", () => {
    fc.assert(
      fc.property(randomRecords, (records) => {
        const counted = records
          .map((each) => ({ ...each, project: "p", usage: { ...each.usage, input: 10 } }))
          .filter(({ usage }) => usage.source === "reported");
        const verdicts = resolveCalls(counted, linksOf());
        const billed = counted.filter((_, at) => isBilledRule(verdicts[at]?.rule ?? "twin"));
        expect(inputOf(billed)).toBeLessThanOrEqual(inputOf(counted));
        expect(inputOf(billed)).toBeGreaterThanOrEqual(counted.length === 0 ? 0 : 10);
      }),
      RUNS,
    );
  });

  it("never joins the calls of one scope that are not nested, but for what is told twice of one moment", () => {
    fc.assert(
      fc.property(randomRecords, (records) => {
        const flat = records.map((each, at) => ({
          ...each,
          part: "call" as const,
          scope: "a",
          signal: "span" as const,
          span: `own ${at}`,
          parent: undefined,
          service: "one",
          startMicros: each.startMicros + at,
        }));
        expect(
          resolveCalls(flat, linksOf()).every(({ shadowedBy }) => shadowedBy === undefined),
        ).toBe(true);
      }),
      RUNS,
    );
  });
});
