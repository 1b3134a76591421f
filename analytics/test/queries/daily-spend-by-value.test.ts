import { expect, test } from "vitest";
import { dailySpendByValue } from "../../src/queries/daily-spend-by-value.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const DAY_LENGTH_MS = 86_400_000;
const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 2 * DAY_LENGTH_MS, each: "tenant" } as const;
const { duckDb, lake } = useTestLake();

const of = (value: string | undefined, day: string) => ({
  value,
  day,
  calls: 1,
  unpricedCalls: 0,
  estimatedNanoUsd: 0n,
});

test("adds up each tenant's calls by the day in UTC on which they started", async () => {
  const acme = { tenant: "acme" };
  const file = await lake.write("tenant-days", [
    spanRow(0, { ...acme, cost_nano_usd: 1n }),
    spanRow(DAY_LENGTH_MS - 1, { ...acme, cost_nano_usd: 2n, usage_source: "estimated" }),
    spanRow(DAY_LENGTH_MS, { ...acme, cost_nano_usd: 4n }),
    spanRow(DAY_LENGTH_MS, acme),
    // A metric's cost is spent, by nobody knows how many calls.
    spanRow(DAY_LENGTH_MS, { ...acme, signal: "metric", cost_nano_usd: 8n }),
    spanRow(0, { tenant: "globex" }),
    spanRow(0, { cost_nano_usd: 16n }),
    spanRow(0, { ...acme, billed: false, cost_nano_usd: 32n }),
    spanRow(0, { ...acme, project_id: "p2", cost_nano_usd: 64n }),
    spanRow(2 * DAY_LENGTH_MS, { ...acme, cost_nano_usd: 128n }),
  ]);
  const spend = await dailySpendByValue("p1", range, { duckDb, source: { files: [file] } });
  expect(spend).toEqual([
    { ...of("acme", "2026-03-02"), calls: 2, costNanoUsd: 3n, estimatedNanoUsd: 2n },
    { ...of("globex", "2026-03-02"), unpricedCalls: 1, costNanoUsd: undefined },
    { ...of(undefined, "2026-03-02"), costNanoUsd: 16n },
    { ...of("acme", "2026-03-03"), calls: 2, unpricedCalls: 1, costNanoUsd: 12n },
  ]);
});

test("knows nothing of a lake without files", async () => {
  expect(await dailySpendByValue("p1", range, { duckDb, source: { files: [] } })).toEqual([]);
});
