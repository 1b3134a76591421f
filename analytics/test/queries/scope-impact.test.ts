import { expect, test } from "vitest";
import { scopeImpact } from "../../src/queries/scope-impact.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();
const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 60_000 };

test("counts the calls that have every value of the scope, beside all calls", async () => {
  const shop = { provider: "openai", team: "shop" };
  const file = await lake.write("impact", [
    spanRow(0, { ...shop, request_model: "gpt-5-mini", user_id: "u1", cost_nano_usd: 5n }),
    spanRow(1, { ...shop, request_model: "gpt-5", user_id: "u2", cost_nano_usd: 7n }),
    spanRow(2, { ...shop, request_model: "o3", user_id: "u2", cost_nano_usd: 11n }),
    spanRow(3, { provider: "openai", request_model: "gpt-5", cost_nano_usd: 13n }),
    spanRow(4, { ...shop, request_model: "gpt-5", billed: false }),
    spanRow(5, { ...shop, request_model: "gpt-5", billed: false, bill_rule: "failed" }),
    spanRow(6, { ...shop, project_id: "p2", request_model: "gpt-5" }),
    spanRow(60_000, { ...shop, request_model: "gpt-5" }),
  ]);
  const target = { duckDb, source: { files: [file] } };
  const impact = await scopeImpact("p1", { ...range, scope: { team: "shop" } }, target);
  expect(impact).toMatchObject({ calls: 4, allCalls: 5, users: 2, costNanoUsd: 23n });
  const scope = { team: "shop", model: "gpt-5*" };
  expect(await scopeImpact("p1", { ...range, scope }, target)).toMatchObject({
    calls: 3,
    costNanoUsd: 12n,
  });
  const exact = { ...range, scope: { model: "gpt-5" } };
  expect(await scopeImpact("p1", exact, target)).toMatchObject({ calls: 3, costNanoUsd: 20n });
  const all = await scopeImpact("p1", { ...range, scope: {} }, target);
  expect(all.calls).toBe(all.allCalls);
});

test("knows no cost when none of the calls has a price, and zero when there are no calls", async () => {
  const file = await lake.write("unpriced", [spanRow(0, { team: "a" })]);
  const target = { duckDb, source: { files: [file] } };
  const costOf = async (team: string): Promise<bigint | undefined> =>
    (await scopeImpact("p1", { ...range, scope: { team } }, target)).costNanoUsd;
  expect(await costOf("a")).toBeUndefined();
  expect(await costOf("b")).toBe(0n);
});
