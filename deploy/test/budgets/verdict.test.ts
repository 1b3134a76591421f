import { describe, expect, test } from "vitest";
import { clockSkewMsOf, linkOf, planChaos } from "../../budgets/chaos/plan-chaos.ts";
import { checksOf } from "../../budgets/checks.ts";
import type { BilledAttempt } from "../../budgets/provider/provider-log.ts";
import { judge } from "../../budgets/verdict.ts";

const attempt = (startedMs: number, dollars: number): BilledAttempt => ({
  callId: `1.1-0-${startedMs}`,
  isStream: true,
  startedMs,
  endedMs: startedMs + 10,
  end: "whole",
  inputTokens: 1,
  outputTokens: 1,
  billNanoUsd: BigInt(dollars * 1e9),
});
const refusedAt = (atMs: number, isCutOff = false) => ({
  kind: "refused" as const,
  process: "1.1",
  callId: "1.1-0-9",
  atMs,
  isStream: true,
  isCutOff,
  reason: "",
});
const limitNanoUsd = 10_000_000_000n;

describe("a run", () => {
  test("is judged by what calls came to cost that had begun when the first one was refused", () => {
    const verdict = judge({
      limitNanoUsd,
      attempts: [attempt(1, 4), attempt(5, 3), attempt(9, 4)],
      refused: [refusedAt(8), refusedAt(6), refusedAt(2, true)],
    });
    expect(verdict).toEqual({
      spentNanoUsd: 11_000_000_000n,
      overNanoUsd: 1_000_000_000n,
      unspentNanoUsd: 0n,
      calls: 3,
      refusals: 2,
      cutOffs: 1,
      freeAtRefusalNanoUsd: 3_000_000_000n,
      firstReason: "",
    });
  });

  test("is within its bound, or is not", () => {
    const run = {
      name: "run",
      clamp: false,
      limitNanoUsd,
      bound: { peak: 16, shortfallNanoUsd: 1_000_000n },
      verdict: judge({ limitNanoUsd, attempts: [attempt(1, 11)], refused: [] }),
      ledger: {
        settledNanoUsd: 9_950_000_000n,
        heldNanoUsd: 1_000_000_000n,
        uncertainNanoUsd: 1_000_000_000n,
      },
    };
    const isMet = (changed: Partial<typeof run>): boolean[] =>
      checksOf({ ...run, ...changed }).map((check) => check.isMet);
    expect(isMet({})).toEqual([true, true, true, true]);
    expect(isMet({ clamp: true })).toEqual([false, true, true, true]);
    const ledgerOf = (settledNanoUsd: bigint) => ({ ...run.ledger, settledNanoUsd });
    const certain = { ...run.ledger, uncertainNanoUsd: 0n };
    expect(isMet({ ledger: certain })[0]).toBe(false);
    // As on the page of the budget: what each call that ran at once cost beyond what was held for it is in the bound.
    const bound = { peak: 10, shortfallNanoUsd: 5_000_000n };
    expect(isMet({ ledger: certain, bound })[0]).toBe(true);
    // A ledger may count a hundredth of the limit too much, and as little too few beside what was not heard of.
    expect(isMet({ ledger: ledgerOf(8_890_000_000n) })[3]).toBe(false);
    expect(isMet({ ledger: ledgerOf(8_900_000_000n) })[3]).toBe(true);
    expect(isMet({ ledger: ledgerOf(10_110_000_000n) })[3]).toBe(false);
    const verdict = judge({ limitNanoUsd, attempts: [attempt(5, 8)], refused: [refusedAt(4)] });
    expect(isMet({ verdict })).toEqual([true, false, false, false]);
  });
});

describe("chaos", () => {
  test("is the same for a seed, in order, and kills processes, parts and links", () => {
    const plan = planChaos("1", 64, 60_000);
    expect(planChaos("1", 64, 60_000)).toEqual(plan);
    expect(planChaos("2", 64, 60_000)).not.toEqual(plan);
    expect(plan.map(({ atMs }) => atMs)).toEqual(
      plan.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
    );
    expect(new Set(plan.map(({ fault }) => fault.kind))).toEqual(
      new Set(["kill-process", "kill-part", "cut-link"]),
    );
  });

  test("gives no process a faulty link and a wrong clock at once", () => {
    const places = Array.from({ length: 64 }, (_, place) => place);
    const faulty = places.filter((place) => linkOf(place, 64) !== undefined);
    const skewed = places.filter((place) => clockSkewMsOf(place, 64) !== 0);
    expect(faulty).toHaveLength(6);
    expect(skewed).toHaveLength(4);
    expect(faulty.filter((place) => skewed.includes(place))).toEqual([]);
  });
});
