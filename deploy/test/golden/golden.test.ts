import { expect, test } from "vitest";
import { nanoUsd, scaled } from "../../golden/decimal.ts";
import { disagreements, runGolden } from "../../golden/run-golden.ts";
import { PROJECTS } from "../../seed/projects.ts";

test("the total cost of seeded data is what an independent computation says, to the nano-dollar", async () => {
  const result = await runGolden({
    seed: "golden",
    projects: PROJECTS,
    days: 4,
    spansPerDay: 1500,
    untilMs: Date.UTC(2026, 10, 20, 13, 30),
  });
  expect(disagreements(result)).toEqual([]);
  expect(result.slow.pricedCalls).toBeGreaterThan(1000);
  expect(result.slow.calls).toBeGreaterThan(result.slow.pricedCalls);
  expect(result.slow.costNanoUsd).toBeGreaterThan(1_000_000_000n);
});

test("the arithmetic of the check is decimal, and rounds once and up", () => {
  expect(scaled(0.075)).toBe(75n * 10n ** 12n);
  expect(scaled(1e-7)).toBe(10n ** 8n);
  expect(scaled(30)).toBe(30n * 10n ** 15n);
  // 1 token at $0.0005 per million is half a nano-USD
  expect(nanoUsd(scaled(0.0005))).toBe(1n);
  expect(nanoUsd(scaled(0.0004))).toBe(0n);
  expect(nanoUsd(10n * scaled(0.02))).toBe(200n);
});
