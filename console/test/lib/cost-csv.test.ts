import type { Cell, CostByTwo } from "@lensai/analytics/queries/cost-by-two";
import type { Group } from "@lensai/analytics/queries/top-groups";
import { expect, test } from "vitest";
import { costByOneCsv, costByTwoCsv } from "#lib/cost-csv.ts";

const cell = (costNanoUsd: bigint | undefined, calls: number, unpricedCalls = 0): Cell => ({
  costNanoUsd,
  calls,
  unpricedCalls,
});
const NONE = cell(0n, 0);

test("a table of costs has a line for each pair that has calls, with every digit", () => {
  const table: CostByTwo = {
    columns: [
      { key: "ann", kind: "value", total: cell(1_500_000_001n, 5) },
      { key: undefined, kind: "value", total: cell(undefined, 2, 2) },
      { key: undefined, kind: "other", total: cell(7n, 1) },
    ],
    rows: [
      {
        key: 'gpt-4o, "mini"',
        kind: "value",
        total: cell(1_500_000_001n, 7, 2),
        cells: [cell(1_500_000_001n, 5), cell(undefined, 2, 2), NONE],
      },
      { key: undefined, kind: "other", total: cell(7n, 1), cells: [NONE, NONE, cell(7n, 1)] },
    ],
    total: cell(1_500_000_008n, 8, 2),
  };
  expect(costByTwoCsv(table, "model", "user").split("\r\n")).toEqual([
    "model,user,cost_usd,calls,calls_without_cost",
    '"gpt-4o, ""mini""",ann,1.500000001,5,0',
    '"gpt-4o, ""mini""",,,2,2',
    "other models,other users,0.000000007,1,0",
    "",
  ]);
});

test("groups come with what is shown of them, and a name is never a formula", () => {
  const group: Group = {
    ...cell(24_400n, 3, 1),
    key: "=HYPERLINK(1)",
    pricedCalls: 2,
    estimatedCalls: 0,
    inputTokens: 10,
    outputTokens: undefined,
    errorShare: 0,
    p95LatencyMs: 812.5,
  };
  expect(costByOneCsv([group], "user")).toBe(
    "user,cost_usd,calls,calls_without_cost,input_tokens,output_tokens,p95_latency_ms\r\n" +
      "'=HYPERLINK(1),0.0000244,3,1,10,,812.5\r\n",
  );
});
