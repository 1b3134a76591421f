import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { expect, test } from "vitest";
import { costByTwo, type Cell, type CostByTwo } from "../../src/queries/cost-by-two.ts";
import { projectSummary } from "../../src/queries/project-summary.ts";
import { topGroups } from "../../src/queries/top-groups.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 60_000 };
const asked = { ...range, by: "team", and: "model", rows: 10, columns: 10 } as const;
const { duckDb, lake } = useTestLake();

type Pair = readonly [team: string | null, model: string | null];

const call = ([team, model]: Pair, cost: bigint | null, values: Partial<SpanRow> = {}) =>
  spanRow(1, { team, request_model: model, cost_nano_usd: cost, ...values });

const sumOf = (cells: readonly Cell[]): Cell => ({
  calls: cells.reduce((sum, cell) => sum + cell.calls, 0),
  unpricedCalls: cells.reduce((sum, cell) => sum + cell.unpricedCalls, 0),
  costNanoUsd: cells.reduce((sum, cell) => sum + (cell.costNanoUsd ?? 0n), 0n),
});

const money = ({ rows, columns, total }: CostByTwo) => ({
  columns: [
    ...columns.map(({ key, total: { costNanoUsd } }) => [key, costNanoUsd]),
    total.costNanoUsd,
  ],
  rows: rows.map(({ key, cells, total: sum }) => [
    key,
    ...cells.map(({ costNanoUsd }) => costNanoUsd),
    sum.costNanoUsd,
  ]),
});

test("has a cell for each pair, and sums of both sides, dearest first", async () => {
  const file = await lake.write("two", [
    call(["a", "m"], 5n),
    call(["a", "n"], 20n),
    call(["b", "m"], 7n),
    call([null, "m"], 1n),
    call(["b", null], null),
    call(["b", "n"], 9n, { project_id: "p2" }),
    call(["b", "n"], 9n, { billed: false, bill_rule: "failed", status: "error" }),
  ]);
  const answer = await costByTwo("p1", asked, { duckDb, source: { files: [file] } });
  expect(money(answer)).toEqual({
    columns: [["n", 20n], ["m", 13n], [undefined, undefined], 33n],
    rows: [
      ["a", 20n, 5n, 0n, 25n],
      // A call that failed costs nothing; one without a price, nobody knows what.
      ["b", 0n, 7n, undefined, 7n],
      [undefined, 0n, 1n, 0n, 1n],
    ],
  });
  expect(answer.rows[1]?.cells.map(({ calls, unpricedCalls }) => [calls, unpricedCalls])).toEqual([
    [1, 0],
    [1, 0],
    [1, 1],
  ]);
});

/** What is shown must not depend on how much of it is. */
test.each([1, 2, 7, 50])(
  "with %d lines, cells add up to lines and lines to what one dimension says",
  async (lines) => {
    const rows = Array.from({ length: 60 }, (_, index) =>
      call(
        [
          index % 7 === 0 ? null : `team-${index % 7}`,
          index % 5 === 0 ? null : `model-${index % 5}`,
        ],
        index % 11 === 0 ? null : BigInt(index * index),
      ),
    );
    const target = { duckDb, source: { files: [await lake.write(`many-${lines}`, rows)] } };
    const answer = await costByTwo("p1", { ...asked, rows: lines, columns: lines }, target);
    const summary = await projectSummary("p1", range, target);
    expect(answer.total).toMatchObject({
      calls: summary.calls,
      costNanoUsd: summary.costNanoUsd,
      unpricedCalls: summary.unpricedCalls,
    });
    for (const row of answer.rows) expect(sumOf(row.cells)).toEqual(row.total);
    answer.columns.forEach((column, place) => {
      const cells = answer.rows.map((row) => row.cells[place]).filter((cell) => cell !== undefined);
      expect(sumOf(cells)).toEqual(column.total);
    });
    expect(sumOf(answer.rows.map(({ total }) => total))).toEqual(answer.total);
    const groups = await topGroups("p1", { ...range, by: "team", limit: lines }, target);
    expect(
      answer.rows
        .filter(({ kind }) => kind === "value")
        .map(({ key, total }) => [key, total.costNanoUsd]),
    ).toEqual(groups.map(({ key, costNanoUsd }) => [key, costNanoUsd]));
  },
);

test("nothing is an empty table", async () => {
  const none = { rows: [], columns: [], total: { calls: 0, unpricedCalls: 0, costNanoUsd: 0n } };
  expect(await costByTwo("p1", asked, { duckDb, source: { files: [] } })).toEqual(none);
  const other = await lake.write("none", [call(["a", "m"], 1n, { project_id: "p2" })]);
  expect(await costByTwo("p1", asked, { duckDb, source: { files: [other] } })).toEqual(none);
});
