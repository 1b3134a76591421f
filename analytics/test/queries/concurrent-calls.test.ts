import { expect, test } from "vitest";
import { concurrentCalls } from "../../src/queries/concurrent-calls.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();
const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 60_000 };

const lasting = (ms: number) => ({ team: "shop", duration_ns: BigInt(ms) * 1_000_000n });

test("counts the calls that run at the same time, and names the dearest", async () => {
  const file = await lake.write("concurrent", [
    spanRow(0, { ...lasting(100), cost_nano_usd: 5n }),
    spanRow(50, { ...lasting(100), cost_nano_usd: 9n }),
    // Starts when the first one ends.
    spanRow(100, lasting(100)),
    spanRow(1000, { ...lasting(10), billed: false }),
    spanRow(1000, { team: "shop" }),
    spanRow(2000, { team: "shop" }),
    spanRow(3000, { team: "shop" }),
    spanRow(1000, { duration_ns: 10n, cost_nano_usd: 99n }),
  ]);
  const target = { duckDb, source: { files: [file] } };
  const scope = { team: "shop" };
  expect(await concurrentCalls("p1", { ...range, scope }, target)).toEqual({
    peak: 2,
    dearestNanoUsd: 9n,
  });
  expect(await concurrentCalls("p1", { ...range, scope: { team: "no" } }, target)).toEqual({
    peak: 0,
    dearestNanoUsd: undefined,
  });
});
