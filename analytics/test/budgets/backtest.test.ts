import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BacktestRun } from "../../src/budgets/backtest.ts";
import type { Backtest, BacktestTerms, StoredCall } from "../../src/budgets/backtest.ts";

/** A period is 100 ms. */
const PERIOD_MS = 100;
const periodAt = (unixMs: number) => {
  const startMs = Math.floor(unixMs / PERIOD_MS) * PERIOD_MS;
  return { startMs, endMs: startMs + PERIOD_MS };
};
const terms: BacktestTerms = {
  limitNanoUsd: 100n,
  isForEach: false,
  unknownPrice: "assume_family_max",
  thresholdsPercent: [50, 100, 150],
  periodAt,
};

type Line = readonly [
  startUnixMs: number,
  costNanoUsd: bigint | undefined,
  value?: string | undefined,
  model?: string,
];

function play(lines: readonly Line[], change: Partial<BacktestTerms> = {}): Backtest {
  const run = new BacktestRun({ ...terms, ...change });
  for (const [startUnixMs, costNanoUsd, value, model] of lines)
    run.add({ startUnixMs, costNanoUsd, value: () => value, model: () => model });
  return run.result();
}

test("blocks what would go over the limit, and what is smaller still fits", () => {
  const result = play([
    [0, 60n, "ann", "gpt-5"],
    [1, 50n, "bob", "gpt-5"],
    [2, 40n, "cy", "o3"],
    [3, 1n, "bob", "o3"],
    [100, 100n, "ann"],
    [199, 1n, "dee"],
  ]);
  expect(result).toMatchObject({
    calls: 6,
    costNanoUsd: 252n,
    blockedCalls: 3,
    savedNanoUsd: 52n,
    periodCount: 2,
    blockedPeriodCount: 2,
    blockedPeriods: [
      { startMs: 0, endMs: 100, firstBlockedUnixMs: 1, blockedCalls: 2, savedNanoUsd: 51n },
      { startMs: 100, endMs: 200, firstBlockedUnixMs: 199, blockedCalls: 1, savedNanoUsd: 1n },
    ],
    blockedValueCount: 2,
    blockedValues: [
      { name: "bob", blockedCalls: 2, savedNanoUsd: 51n },
      { name: "dee", blockedCalls: 1, savedNanoUsd: 1n },
    ],
  });
  expect(result.blockedModels[0]).toEqual({ name: "gpt-5", blockedCalls: 1, savedNanoUsd: 50n });
});

test("gives each value the whole amount, and does not count calls without one", () => {
  const lines: Line[] = [
    [0, 90n, "ann"],
    [1, 90n, "bob"],
    [2, 90n, undefined],
    [3, 20n, "ann"],
  ];
  expect(play(lines, { isForEach: true })).toMatchObject({
    uncountedCalls: 1,
    blockedCalls: 1,
    savedNanoUsd: 20n,
    blockedValues: [{ name: "ann" }],
    thresholds: [
      { percent: 50, times: 2 },
      { percent: 100, times: 1 },
      { percent: 150, times: 0 },
    ],
  });
});

test("tells how often the spend, as it was, reached each threshold", () => {
  const { thresholds } = play([
    [0, 49n],
    [1, 1n],
    [2, 110n],
    [100, 100n],
    [200, 1n],
  ]);
  expect(thresholds.map(({ times }) => times)).toEqual([2, 2, 1]);
});

test("refuses a call without a price only where the policy says so", () => {
  const lines: Line[] = [[0, undefined, "ann"]];
  expect(play(lines)).toMatchObject({ unpricedCalls: 1, blockedCalls: 0 });
  expect(play(lines, { unknownPrice: "block" })).toMatchObject({
    unpricedCalls: 1,
    blockedCalls: 1,
    savedNanoUsd: 0n,
  });
});

test("a rolling window remembers its slices, and forgets the oldest", () => {
  const window = { windowMs: 2 * PERIOD_MS };
  const result = play(
    [
      [0, 60n],
      [150, 40n],
      [250, 1n],
      [320, 60n],
      [330, 1n],
    ],
    window,
  );
  expect(result.blockedPeriods.map(({ firstBlockedUnixMs }) => firstBlockedUnixMs)).toEqual([
    250, 330,
  ]);
  // Both by 150; at 320 what was at 0 is forgotten, and both are reached again.
  expect(result.thresholds.map(({ times }) => times)).toEqual([2, 2, 0]);
});

const firstPeriodAt = (unixMs: number) => (unixMs < PERIOD_MS ? periodAt(unixMs) : undefined);

test("what is outside of the time of a total is not counted", () => {
  const lines: Line[] = [
    [0, 200n],
    [100, 200n],
  ];
  expect(play(lines, { periodAt: firstPeriodAt })).toMatchObject({
    blockedCalls: 1,
    uncountedCalls: 1,
  });
});

const calls = fc
  .array(
    fc.record({
      startUnixMs: fc.nat(999),
      costNanoUsd: fc.option(fc.bigInt({ min: 0n, max: 130n }), { nil: undefined }),
      value: fc.constantFrom("ann", "bob", undefined),
    }),
    { maxLength: 60 },
  )
  .map((list): StoredCall[] =>
    list
      .toSorted((one, other) => one.startUnixMs - other.startUnixMs)
      .map(({ startUnixMs, costNanoUsd, value }) => ({
        startUnixMs,
        costNanoUsd,
        value: () => value,
        model: () => undefined,
      })),
  );

/** The same by looking at everything again for every call. */
function blockedByHand(list: readonly StoredCall[], { isForEach, windowMs = 0 }: BacktestTerms) {
  const admitted: StoredCall[] = [];
  return list.filter((call) => {
    if (isForEach && call.value() === undefined) return false;
    if (call.costNanoUsd === undefined) return false;
    const since = periodAt(call.startUnixMs).startMs - windowMs;
    const spent = admitted
      .filter(
        ({ startUnixMs, value }) =>
          startUnixMs >= since && (!isForEach || value() === call.value()),
      )
      .reduce((sum, { costNanoUsd = 0n }) => sum + costNanoUsd, 0n);
    const isBlocked = spent + call.costNanoUsd > terms.limitNanoUsd;
    if (!isBlocked) admitted.push(call);
    return isBlocked;
  });
}

test("agrees with a count by hand, and no period goes over the limit", () => {
  fc.assert(
    fc.property(
      calls,
      fc.boolean(),
      fc.constantFrom(undefined, PERIOD_MS, 3 * PERIOD_MS),
      (list, isForEach, windowMs) => {
        const all = { ...terms, isForEach, windowMs };
        const run = new BacktestRun(all);
        for (const call of list) run.add(call);
        const { blockedCalls, savedNanoUsd } = run.result();
        const expected = blockedByHand(list, all);
        expect(blockedCalls).toBe(expected.length);
        expect(savedNanoUsd).toBe(
          expected.reduce((sum, { costNanoUsd = 0n }) => sum + costNanoUsd, 0n),
        );
      },
    ),
    { numRuns: 300 },
  );
});
