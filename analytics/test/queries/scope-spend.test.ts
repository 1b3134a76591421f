import { expect, test } from "vitest";
import type { StoredCall } from "../../src/budgets/backtest.ts";
import { visitCallsInScope } from "../../src/queries/calls-in-scope.ts";
import { scopeCostSeries } from "../../src/queries/scope-cost-series.ts";
import { scopeSpendByValue } from "../../src/queries/scope-spend-by-value.ts";
import { scopeSpend } from "../../src/queries/scope-spend.ts";
import type { QueryTarget } from "../../src/queries/query-source.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();
const MINUTE_MS = 60_000;
const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 3 * MINUTE_MS };

async function shop(): Promise<QueryTarget> {
  const team = { team: "shop" };
  const file = await lake.write("spend", [
    spanRow(0, { ...team, request_model: "gpt-5-mini", user_id: "ann", cost_nano_usd: 5n }),
    spanRow(MINUTE_MS, { ...team, request_model: "gpt-5", user_id: "bob", cost_nano_usd: 7n }),
    spanRow(MINUTE_MS, { ...team, request_model: "gpt-5", user_id: "bob" }),
    spanRow(2 * MINUTE_MS, { ...team, request_model: "o3", cost_nano_usd: 11n }),
    spanRow(2 * MINUTE_MS, { ...team, signal: "metric", cost_nano_usd: 100n }),
    spanRow(MINUTE_MS, { ...team, billed: false, cost_nano_usd: 1000n }),
    spanRow(MINUTE_MS, { team: "other", user_id: "cy", cost_nano_usd: 13n }),
    spanRow(MINUTE_MS, { ...team, project_id: "p2", cost_nano_usd: 17n }),
    spanRow(3 * MINUTE_MS, { ...team, user_id: "ann", cost_nano_usd: 19n }),
  ]);
  return { duckDb, source: { files: [file] } };
}

test("sums what each scope cost in its own time, in one answer", async () => {
  const target = await shop();
  const spends = await scopeSpend(
    "p1",
    [
      { ...range, scope: { team: "shop" } },
      { fromUnixMs: DAY_MS + MINUTE_MS, toUnixMs: DAY_MS + 2 * MINUTE_MS, scope: {} },
      { ...range, scope: { team: "shop", model: "gpt-5*" } },
      { ...range, scope: { team: "nobody" } },
      { ...range, scope: { user: "bob", model: "o3" } },
    ],
    target,
  );
  expect(spends).toEqual([
    // What a metric tells of is spent as well, by nobody knows how many calls.
    { costNanoUsd: 123n, calls: 4, unpricedCalls: 1 },
    { costNanoUsd: 20n, calls: 3, unpricedCalls: 1 },
    { costNanoUsd: 12n, calls: 3, unpricedCalls: 1 },
    { costNanoUsd: 0n, calls: 0, unpricedCalls: 0 },
    { costNanoUsd: 0n, calls: 0, unpricedCalls: 0 },
  ]);
});

test("does not know what calls cost none of which has a price", async () => {
  const file = await lake.write("unpriced-spend", [spanRow(0)]);
  const target = { duckDb, source: { files: [file] } };
  expect(await scopeSpend("p1", [{ ...range, scope: {} }], target)).toEqual([
    { costNanoUsd: undefined, calls: 1, unpricedCalls: 1 },
  ]);
});

test("tells the dearest values, how many there are and how many are full", async () => {
  const input = { ...range, scope: {}, each: "user", limit: 2, fullNanoUsd: 7n } as const;
  expect(await scopeSpendByValue("p1", input, await shop())).toEqual({
    values: [
      { value: "cy", costNanoUsd: 13n, calls: 1, unpricedCalls: 0 },
      { value: "bob", costNanoUsd: 7n, calls: 2, unpricedCalls: 1 },
    ],
    valueCount: 3,
    fullCount: 2,
  });
});

test("has one element per bucket, empty ones included", async () => {
  const target = await shop();
  const input = { fromUnixMs: DAY_MS - MINUTE_MS, toUnixMs: range.toUnixMs, intervalMs: MINUTE_MS };
  const scope = { team: "shop" };
  expect(await scopeCostSeries("p1", { ...input, scopes: [scope, {}] }, target)).toEqual([
    [0n, 5n, 7n, 111n],
    [0n, 5n, 20n, 111n],
  ]);
  await expect(
    scopeCostSeries("p1", { ...input, scopes: [scope], intervalMs: 1000 }, target),
  ).rejects.toThrow(/intervalMs/);
});

test("shows billed calls as they started", async () => {
  const seen: [number, bigint | undefined, string | undefined, string | undefined][] = [];
  const visit = ({ startUnixMs, costNanoUsd, value, model }: StoredCall): void => {
    seen.push([startUnixMs - DAY_MS, costNanoUsd, value(), model()]);
  };
  const input = { ...range, scope: { team: "shop" }, each: "user", visit } as const;
  await visitCallsInScope("p1", input, await shop());
  expect(seen).toEqual([
    [0, 5n, "ann", "gpt-5-mini"],
    [MINUTE_MS, 7n, "bob", "gpt-5"],
    [MINUTE_MS, undefined, "bob", "gpt-5"],
    [2 * MINUTE_MS, 11n, undefined, "o3"],
  ]);
});

test("a lake without files has no spend", async () => {
  const target = { duckDb, source: { files: [] } };
  const input = { ...range, scope: {}, each: "user", limit: 2, fullNanoUsd: 7n } as const;
  expect(await scopeSpend("p1", [input], target)).toMatchObject([{ costNanoUsd: 0n }]);
  expect(await scopeSpendByValue("p1", input, target)).toMatchObject({ valueCount: 0 });
  expect(
    await scopeCostSeries("p1", { ...range, scopes: [{}], intervalMs: MINUTE_MS }, target),
  ).toEqual([[0n, 0n, 0n]]);
});
