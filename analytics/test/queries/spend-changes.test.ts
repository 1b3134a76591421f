import { expect, test } from "vitest";
import { spendChanges } from "../../src/queries/spend-changes.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const MINUTE_MS = 60_000;
/** Of two minutes, the second beside the first. */
const input = {
  fromUnixMs: DAY_MS + MINUTE_MS,
  toUnixMs: DAY_MS + 2 * MINUTE_MS,
  before: { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + MINUTE_MS },
  by: "feature",
  limit: 10,
} as const;
const { duckDb, lake } = useTestLake();

const call = (atMs: number, feature: string | null, cost: bigint | object) =>
  spanRow(atMs, { feature, ...(typeof cost === "bigint" ? { cost_nano_usd: cost } : cost) });

const SIDE = { calls: 0, pricedCalls: 0, unpricedCalls: 0, costNanoUsd: 0n };

test("puts the groups of two times beside each other, the largest change first, gone and new ones too", async () => {
  const file = await lake.write("changes", [
    call(0, "chat", 50n),
    call(1, "gone", 30n),
    call(2, "same", 500n),
    call(MINUTE_MS, "chat", 40n),
    call(MINUTE_MS + 1, "chat", 70n),
    call(MINUTE_MS + 2, "new", 20n),
    call(MINUTE_MS + 3, "same", 500n),
    call(MINUTE_MS + 4, null, 1n),
    // Outside of both.
    call(-1, "chat", 1000n),
    call(2 * MINUTE_MS, "chat", 1000n),
    call(MINUTE_MS, "chat", { cost_nano_usd: 1000n, project_id: "p2" }),
    // A repeat, which nobody pays for.
    call(MINUTE_MS, "chat", { cost_nano_usd: 1000n, billed: false }),
  ]);
  const { total, groups } = await spendChanges("p1", input, {
    duckDb,
    source: { files: [file] },
  });
  expect(groups).toEqual([
    {
      key: "chat",
      before: { ...SIDE, calls: 1, pricedCalls: 1, costNanoUsd: 50n },
      now: { ...SIDE, calls: 2, pricedCalls: 2, costNanoUsd: 110n },
    },
    { key: "gone", before: { ...SIDE, calls: 1, pricedCalls: 1, costNanoUsd: 30n }, now: SIDE },
    { key: "new", before: SIDE, now: { ...SIDE, calls: 1, pricedCalls: 1, costNanoUsd: 20n } },
    { key: undefined, before: SIDE, now: { ...SIDE, calls: 1, pricedCalls: 1, costNanoUsd: 1n } },
    {
      key: "same",
      before: { ...SIDE, calls: 1, pricedCalls: 1, costNanoUsd: 500n },
      now: { ...SIDE, calls: 1, pricedCalls: 1, costNanoUsd: 500n },
    },
  ]);
  expect(total).toEqual({
    before: { ...SIDE, calls: 3, pricedCalls: 3, costNanoUsd: 580n },
    now: { ...SIDE, calls: 5, pricedCalls: 5, costNanoUsd: 631n },
  });
});

test("sums up all groups, however few are listed, and only calls of the filter", async () => {
  const file = await lake.write("few", [
    call(0, "a", { cost_nano_usd: 1n, team: "red" }),
    call(MINUTE_MS, "a", { cost_nano_usd: 5n, team: "red" }),
    call(MINUTE_MS, "b", { cost_nano_usd: 9n, team: "red" }),
    call(MINUTE_MS, "c", { cost_nano_usd: 100n, team: "blue" }),
  ]);
  const target = { duckDb, source: { files: [file] } };
  const asked = { ...input, limit: 1, filter: { team: "red" } };
  const { total, groups } = await spendChanges("p1", asked, target);
  expect(groups.map(({ key }) => key)).toEqual(["b"]);
  expect(total.now.costNanoUsd).toBe(14n);
  expect(total.before.costNanoUsd).toBe(1n);
});

test("a cost that nobody knows is unknown, not 0", async () => {
  const file = await lake.write("unknown", [
    call(0, "a", { cost_nano_usd: null }),
    call(MINUTE_MS, "a", { cost_nano_usd: null, billed: false, bill_rule: "failed" }),
  ]);
  const { groups } = await spendChanges("p1", input, { duckDb, source: { files: [file] } });
  expect(groups).toEqual([
    {
      key: "a",
      before: { ...SIDE, calls: 1, unpricedCalls: 1, costNanoUsd: undefined },
      now: { ...SIDE, calls: 1 },
    },
  ]);
});

test("compares with any earlier time, and leaves out what lies between", async () => {
  const weekAgoMs = DAY_MS - 7 * 86_400_000;
  const before = { fromUnixMs: weekAgoMs, toUnixMs: weekAgoMs + MINUTE_MS };
  const file = await lake.write("apart", [
    call(weekAgoMs - DAY_MS, "a", 3n),
    call(0, "a", 1000n),
    call(MINUTE_MS, "a", 5n),
  ]);
  const target = { duckDb, source: { files: [file] } };
  const { total } = await spendChanges("p1", { ...input, before }, target);
  expect([total.before.costNanoUsd, total.now.costNanoUsd]).toEqual([3n, 5n]);
});

test("a project without calls has changed nothing", async () => {
  const total = { before: SIDE, now: SIDE };
  const empty = { duckDb, source: { files: [] } };
  expect(await spendChanges("p1", input, empty)).toEqual({ total, groups: [] });
  const file = await lake.write("other", [call(0, "a", { cost_nano_usd: 1n, project_id: "p2" })]);
  expect(await spendChanges("p1", input, { duckDb, source: { files: [file] } })).toEqual({
    total,
    groups: [],
  });
});

test("times that overlap are refused", async () => {
  const before = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + MINUTE_MS + 1 };
  const target = { duckDb, source: { files: [] } };
  await expect(spendChanges("p1", { ...input, before }, target)).rejects.toThrow(
    "must end when the range begins",
  );
});
