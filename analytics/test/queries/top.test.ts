import { expect, test } from "vitest";
import { topGroups } from "../../src/queries/top-groups.ts";
import { DAY_MS, useTestLake, spanRow } from "../support/span-rows.ts";

const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 60_000, limit: 10 };
const byModel = { ...range, by: "model" } as const;
const byUser = { ...range, by: "user" } as const;
const { duckDb, lake } = useTestLake();

test("ranks models by cost and gives the figures of each", async () => {
  const file = await lake.write("models", [
    spanRow(0, {
      response_model: "a-1",
      request_model: "a",
      cost_nano_usd: 5n,
      usage_source: "estimated",
      input_tokens: 10n,
      output_tokens: 4n,
      duration_ns: 1_000_000n,
    }),
    spanRow(1, {
      response_model: "a-1",
      input_tokens: 1n,
      status: "error",
      duration_ns: 3_000_000n,
    }),
    spanRow(2, { request_model: "b", cost_nano_usd: 7n }),
    spanRow(3, { request_model: "unpriced" }),
    spanRow(3, { request_model: "unpriced" }),
    spanRow(4, { request_model: "free", cost_nano_usd: 0n }),
    spanRow(5, { request_model: "b", cost_nano_usd: 100n, billed: false }),
    spanRow(6, { project_id: "p2", request_model: "c", cost_nano_usd: 100n }),
    spanRow(60_000, { request_model: "c", cost_nano_usd: 100n }),
    spanRow(-1, { request_model: "c", cost_nano_usd: 100n }),
  ]);
  const target = { duckDb, source: { files: [file] } };
  const models = await topGroups("p1", byModel, target);
  expect(models.map(({ key }) => key)).toEqual(["b", "a-1", "free", "unpriced"]);
  expect(models[0]).toMatchObject({ calls: 1, costNanoUsd: 7n });
  expect(models[1]).toEqual({
    key: "a-1",
    calls: 2,
    pricedCalls: 1,
    unpricedCalls: 1,
    costNanoUsd: 5n,
    estimatedCalls: 1,
    inputTokens: 11,
    outputTokens: 4,
    errorShare: 0.5,
    p95LatencyMs: expect.closeTo(2.9, 6) as number,
  });
  expect(models[2]?.costNanoUsd).toBe(0n);
  expect(models[3]).toMatchObject({ costNanoUsd: undefined, inputTokens: undefined, calls: 2 });
  expect(await topGroups("p1", { ...byModel, limit: 1 }, target)).toEqual([models[0]]);
});

test("takes money, tokens and latency from billed calls, and counts failed ones as calls and errors", async () => {
  const failed = { bill_rule: "failed", billed: false, status: "error", request_model: "m" };
  const file = await lake.write("failed", [
    spanRow(0, {
      request_model: "m",
      cost_nano_usd: 5n,
      input_tokens: 3n,
      duration_ns: 9_000_000n,
    }),
    spanRow(1, { ...failed, cost_nano_usd: 70n, input_tokens: 70n, duration_ns: 1_000_000n }),
    spanRow(2, failed),
  ]);
  const [model] = await topGroups("p1", byModel, { duckDb, source: { files: [file] } });
  expect(model).toMatchObject({ calls: 3, pricedCalls: 1, unpricedCalls: 0, costNanoUsd: 5n });
  expect(model).toMatchObject({ inputTokens: 3, errorShare: 2 / 3, p95LatencyMs: 9 });
});

test("ranks users, and shows the calls without a user as one line without a name", async () => {
  const file = await lake.write("users", [
    spanRow(0, { user_id: "ann", cost_nano_usd: 5n }),
    spanRow(0, { user_id: "", cost_nano_usd: 2n }),
    spanRow(0, { cost_nano_usd: 3n }),
    spanRow(0, { cost_nano_usd: 4n }),
    spanRow(0, { user_id: "bob", project_id: "p2", cost_nano_usd: 50n }),
  ]);
  const users = await topGroups("p1", byUser, { duckDb, source: { files: [file] } });
  expect(users.map(({ key, costNanoUsd }) => [key, costNanoUsd])).toEqual([
    [undefined, 7n],
    ["ann", 5n],
    ["", 2n],
  ]);
});

test("answers with nothing when there are no files", async () => {
  expect(await topGroups("p1", byUser, { duckDb, source: { files: [] } })).toEqual([]);
});

test.each([0, 1001, 1.5, Number.NaN])("refuses a limit of %d", async (limit) => {
  const asked = topGroups("p1", { ...byUser, limit }, { duckDb, source: { files: [] } });
  await expect(asked).rejects.toMatchObject({ code: "query.invalid" });
});
