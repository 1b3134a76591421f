import { expect, test } from "vitest";
import { modelsInUse } from "../../src/queries/models-in-use.ts";
import { DAY_MS, useTestLake, spanRow } from "../support/span-rows.ts";

const input = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 60_000, limit: 10 };
const { duckDb, lake } = useTestLake();

test("tells models apart by provider and service tier, the dearest first, those without a cost last", async () => {
  const openai = { provider: "openai", call_role: "inference" };
  const file = await lake.write("models", [
    spanRow(0, { ...openai, response_model: "a-1", request_model: "a", cost_nano_usd: 5n }),
    spanRow(1, { ...openai, response_model: "a-1", request_model: "a", cost_nano_usd: 4n }),
    spanRow(1, { ...openai, response_model: "a-1", request_model: "a" }),
    spanRow(2, { ...openai, response_model: "a-1", cost_nano_usd: 6n, service_tier: "batch" }),
    spanRow(3, { provider: "azure.ai.openai", request_model: "a-1", call_role: "inference" }),
    spanRow(4, { call_role: "inference" }),
    spanRow(5, { ...openai, request_model: "a", cost_nano_usd: 100n, billed: false }),
    spanRow(6, { ...openai, project_id: "p2", request_model: "a", cost_nano_usd: 100n }),
    spanRow(60_000, { ...openai, request_model: "a", cost_nano_usd: 100n }),
  ]);
  const models = await modelsInUse("p1", input, { duckDb, source: { files: [file] } });
  expect(models).toEqual([
    {
      provider: "openai",
      model: "a-1",
      requestModel: "a",
      serviceTier: undefined,
      calls: 3,
      unpricedCalls: 1,
      costNanoUsd: 9n,
    },
    {
      provider: "openai",
      model: "a-1",
      requestModel: undefined,
      serviceTier: "batch",
      calls: 1,
      unpricedCalls: 0,
      costNanoUsd: 6n,
    },
    {
      provider: "azure.ai.openai",
      model: "a-1",
      requestModel: "a-1",
      serviceTier: undefined,
      calls: 1,
      unpricedCalls: 1,
      costNanoUsd: undefined,
    },
    {
      provider: undefined,
      model: undefined,
      requestModel: undefined,
      serviceTier: undefined,
      calls: 1,
      unpricedCalls: 1,
      costNanoUsd: undefined,
    },
  ]);
  const [first] = await modelsInUse(
    "p1",
    { ...input, limit: 1 },
    { duckDb, source: { files: [file] } },
  );
  expect(first).toEqual(models[0]);
});

test("of an empty lake there are none, and a limit out of range is refused", async () => {
  const target = { duckDb, source: { files: [] } };
  expect(await modelsInUse("p1", input, target)).toEqual([]);
  await expect(modelsInUse("p1", { ...input, limit: 0 }, target)).rejects.toThrow("limit");
});
