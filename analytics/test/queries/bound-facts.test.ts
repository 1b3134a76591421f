import { LENSAI } from "@lensai/otel-config/attributes/lensai";
import { expect, test } from "vitest";
import { boundFacts } from "../../src/queries/bound-facts.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();
const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 60_000 };
const scope = { team: "shop" };

const lasting = (ms: number) => ({ team: "shop", duration_ns: BigInt(ms) * 1_000_000n });

test("counts the calls that run at the same time, and those that no guard has seen", async () => {
  const file = await lake.write("concurrent", [
    spanRow(0, { ...lasting(100), budget_decision: "allowed" }),
    spanRow(50, lasting(100)),
    // Starts when the first one ends.
    spanRow(100, lasting(100)),
    spanRow(1000, { ...lasting(10), billed: false }),
    spanRow(1000, { team: "shop" }),
    spanRow(2000, { team: "shop" }),
    spanRow(3000, { team: "shop" }),
    spanRow(1000, { duration_ns: 10n }),
  ]);
  const target = { duckDb, source: { files: [file] } };
  expect(await boundFacts("p1", { ...range, scope }, target)).toEqual({
    peak: 2,
    shortfallNanoUsd: 0n,
    calls: 6,
    unguardedCalls: 5,
  });
  expect(await boundFacts("p1", { ...range, scope: { team: "no" } }, target)).toEqual({
    peak: 0,
    shortfallNanoUsd: 0n,
    calls: 0,
    unguardedCalls: 0,
  });
});

const charged = (cost: bigint, more: object = {}) =>
  spanRow(0, { team: "shop", cost_nano_usd: cost, charged_nano_usd: 100n, ...more });

test("the most that a call cost beyond what was held for it is what its guard says, and what the bill is beyond the charge", async () => {
  const shortfallOf = async (name: string, row: ReturnType<typeof charged>) => {
    const file = await lake.write(name, [charged(100n), charged(40n), row]);
    const target = { duckDb, source: { files: [file] } };
    return (await boundFacts("p1", { ...range, scope }, target)).shortfallNanoUsd;
  };
  const attributes = JSON.stringify({ [LENSAI.budgetShortfallNanoUsd]: 30 });
  expect(await shortfallOf("charge", charged(100n))).toBe(0n);
  expect(await shortfallOf("said", charged(100n, { attributes }))).toBe(30n);
  expect(await shortfallOf("billed", charged(125n))).toBe(25n);
  expect(await shortfallOf("both", charged(125n, { attributes }))).toBe(55n);
});
