import { expect, test } from "vitest";
import { dailyCallsByModel } from "../../src/queries/daily-calls-by-model.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const DAY_LENGTH_MS = 86_400_000;
const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 2 * DAY_LENGTH_MS };
const { duckDb, lake } = useTestLake();

test("adds up the billed calls of each model by the UTC day on which they started", async () => {
  const gpt = { provider: "openai", request_model: "gpt-5", response_model: "gpt-5-2025-08-07" };
  const file = await lake.write("calls", [
    spanRow(0, {
      ...gpt,
      cost_nano_usd: 1n,
      input_tokens: 10n,
      output_tokens: 1n,
      cache_read_tokens: 3n,
    }),
    spanRow(DAY_LENGTH_MS - 1, {
      ...gpt,
      cost_nano_usd: 2n,
      usage_source: "estimated",
      cache_write_5m_tokens: 4n,
    }),
    spanRow(1, { ...gpt, cache_write_1h_tokens: 5n, cache_write_5m_tokens: 6n }),
    // A metric's tokens are of nobody knows how many calls.
    spanRow(DAY_LENGTH_MS, {
      provider: "openai",
      request_model: "o3",
      signal: "metric",
      cost_nano_usd: 8n,
    }),
    spanRow(0, { ...gpt, billed: false, cost_nano_usd: 32n }),
    spanRow(0, { ...gpt, project_id: "p2", cost_nano_usd: 64n }),
    spanRow(2 * DAY_LENGTH_MS, { ...gpt, cost_nano_usd: 128n }),
  ]);
  expect(await dailyCallsByModel("p1", range, { duckDb, source: { files: [file] } })).toEqual([
    {
      day: "2026-03-02",
      provider: "openai",
      model: "gpt-5-2025-08-07",
      calls: 3,
      estimatedCalls: 1,
      unpricedCalls: 1,
      isMetered: false,
      costNanoUsd: 3n,
      inputTokens: 10n,
      cacheReadTokens: 3n,
      cacheWriteTokens: 15n,
      outputTokens: 1n,
    },
    {
      day: "2026-03-03",
      provider: "openai",
      model: "o3",
      calls: 0,
      estimatedCalls: 0,
      unpricedCalls: 0,
      isMetered: true,
      costNanoUsd: 8n,
      inputTokens: undefined,
      cacheReadTokens: undefined,
      cacheWriteTokens: undefined,
      outputTokens: undefined,
    },
  ]);
  expect(await dailyCallsByModel("p1", range, { duckDb, source: { files: [] } })).toEqual([]);
});
