import { expect, test } from "vitest";
import { stoppedCalls } from "../../src/queries/stopped-calls.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();

const stopped = (atMs: number, cause: string | undefined, more: object = {}) =>
  spanRow(atMs, {
    billed: false,
    budget_decision: "refused",
    request_model: "gpt-4o",
    user_id: "ann",
    attributes: JSON.stringify({
      "lensai.budget.id": "bud_1",
      ...(cause !== undefined && { "lensai.budget.refusal_cause": cause }),
    }),
    ...more,
  });

const group = (name: string | undefined, calls: number, lastMs: number) => ({
  name,
  calls,
  lastUnixMs: DAY_MS + lastMs,
});

test("calls that a budget has stopped, by cause, by whose they were and by model", async () => {
  const file = await lake.write("stopped", [
    stopped(1_000, "spent"),
    stopped(1_200, "spent", { user_id: "bob" }),
    stopped(1_300, "held", { user_id: undefined, request_model: "gpt-5" }),
    stopped(1_400, undefined, { budget_decision: "cut_off", billed: true }),
    // Before, after, of another budget, and not stopped.
    stopped(999, "spent"),
    stopped(2_000, "spent"),
    stopped(1_500, "spent", { attributes: JSON.stringify({ "lensai.budget.id": "bud_2" }) }),
    stopped(1_500, "spent", { attributes: JSON.stringify({ about: "bud_1" }) }),
    stopped(1_500, "spent", { budget_decision: "clamped" }),
  ]);
  const range = { fromUnixMs: DAY_MS + 1_000, toUnixMs: DAY_MS + 2_000 };
  const input = { ...range, budgetId: "bud_1", by: "user", limit: 2 } as const;
  const target = { duckDb, source: { files: [file] } };
  expect(await stoppedCalls("p1", input, target)).toEqual({
    refusedCalls: 3,
    cutOffCalls: 1,
    firstUnixMs: DAY_MS + 1_000,
    lastUnixMs: DAY_MS + 1_400,
    causes: [group("spent", 2, 1_200), group("held", 1, 1_300), group(undefined, 1, 1_400)],
    values: [group("ann", 2, 1_400), group("bob", 1, 1_200)],
    models: [group("gpt-4o", 3, 1_400), group("gpt-5", 1, 1_300)],
  });
  expect(await stoppedCalls("p2", input, target)).toMatchObject({ refusedCalls: 0, causes: [] });
  expect(await stoppedCalls("p1", { ...input, budgetId: "bud_3" }, target)).toMatchObject({
    refusedCalls: 0,
    firstUnixMs: undefined,
  });
});
