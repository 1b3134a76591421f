import { expect, test } from "vitest";
import { callsDespiteSwitch } from "../../src/queries/calls-despite-switch.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();

const call = (atMs: number, service: string | undefined, more: object = {}) =>
  spanRow(atMs, {
    request_model: "gpt-4o-mini",
    cost_nano_usd: 5n,
    ...(service !== undefined && { service_name: service }),
    ...more,
  });

test("calls that were made while they were to be stopped, by service", async () => {
  const file = await lake.write("despite", [
    call(999, "shop"),
    call(1_000, "shop"),
    call(1_500, "shop", { budget_decision: "warned" }),
    call(1_999, "batch", { cost_nano_usd: undefined }),
    call(1_500, "shop", { request_model: "gpt-5" }),
    // Refused and killed calls are billed to nobody.
    call(1_500, "shop", { billed: false, budget_decision: "killed" }),
    call(2_000, "shop"),
  ]);
  const range = { fromUnixMs: DAY_MS + 1_000, toUnixMs: DAY_MS + 2_000 };
  const input = { ...range, scope: { model: "gpt-4o*" }, limit: 10 };
  const target = { duckDb, source: { files: [file] } };
  expect(await callsDespiteSwitch("p1", input, target)).toEqual([
    { serviceName: "shop", calls: 2, guardedCalls: 1, costNanoUsd: 10n },
    { serviceName: "batch", calls: 1, guardedCalls: 0, costNanoUsd: undefined },
  ]);
  expect(await callsDespiteSwitch("p1", { ...input, scope: { model: "no" } }, target)).toEqual([]);
});
