import { expect, test } from "vitest";
import { spendGroups } from "../../src/queries/spend-groups.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();
const MINUTE_MS = 60_000;
const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 10 * MINUTE_MS };

test("sums what is the same to every budget, to the minute, and to the millisecond where a period begins", async () => {
  const rows = [
    spanRow(0, { team: "shop", cost_nano_usd: 1n }),
    spanRow(MINUTE_MS - 1, { team: "shop", cost_nano_usd: 20n }),
    spanRow(MINUTE_MS, { team: "shop", cost_nano_usd: 300n }),
    spanRow(MINUTE_MS, { team: "other", cost_nano_usd: 4_000n }),
    spanRow(MINUTE_MS, { team: "shop", cost_nano_usd: 50_000n, project_id: "p2" }),
  ];
  const target = { duckDb, source: { files: [await lake.write("groups", rows)] } };
  const costs = async (boundariesUnixMs: number[]) =>
    (await spendGroups("p1", { ...range, boundariesUnixMs }, target))
      .map(({ values, startUnixMs, costNanoUsd }) => [
        values.team,
        startUnixMs - DAY_MS,
        Number(costNanoUsd),
      ])
      .toSorted((one, other) => Number(one[2]) - Number(other[2]));
  expect(await costs([])).toEqual([
    ["shop", 0, 21],
    ["shop", MINUTE_MS, 300],
    ["other", MINUTE_MS, 4_000],
  ]);
  expect(await costs([DAY_MS + 500])).toEqual([
    ["shop", 0, 1],
    ["shop", MINUTE_MS - 1, 20],
    ["shop", MINUTE_MS, 300],
    ["other", MINUTE_MS, 4_000],
  ]);
});

test("tells what the guard has charged from what is billed, also of records that are not billed", async () => {
  const leases = { lease_id: "aaa.1 bbb.2" };
  const rows = [
    spanRow(0, { ...leases, cost_nano_usd: 80n, charged_nano_usd: 100n }),
    spanRow(1, { ...leases, cost_nano_usd: 7n, charged_nano_usd: 9n, billed: false }),
    // Nobody knows the price: the guard has assumed one.
    spanRow(2, { ...leases, charged_nano_usd: 1_000n }),
    spanRow(3, { cost_nano_usd: 5n, billed: false }),
  ];
  const target = { duckDb, source: { files: [await lake.write("leases", rows)] } };
  expect(await spendGroups("p1", { ...range, boundariesUnixMs: [] }, target)).toEqual([
    expect.objectContaining({
      startUnixMs: DAY_MS,
      leaseIds: ["aaa.1", "bbb.2"],
      costNanoUsd: 1_080n,
      chargedNanoUsd: 1_109n,
      unpricedCalls: 1,
    }),
  ]);
});

test("tells with which leases a call was made whose other record is billed", async () => {
  const billedMs = MINUTE_MS - 5;
  const rows = [
    spanRow(0, {
      span_id: "a1",
      lease_id: "aaa.1 bbb.2",
      cost_nano_usd: 80n,
      charged_nano_usd: 100n,
      billed: false,
      bill_rule: "nested",
      shadowed_by: "b1",
    }),
    // Of another cell, before the range.
    spanRow(-1, {
      span_id: "a2",
      lease_id: "ccc.3",
      charged_nano_usd: 7n,
      billed: false,
      bill_rule: "twin",
      shadowed_by: "b2",
    }),
    spanRow(billedMs, { span_id: "b1", service_name: "gateway", cost_nano_usd: 90n }),
    spanRow(billedMs, { span_id: "b2", service_name: "gateway", cost_nano_usd: 3n }),
    spanRow(billedMs, { span_id: "b3", service_name: "gateway", cost_nano_usd: 4n }),
  ];
  const target = { duckDb, source: { files: [await lake.write("others", rows)] } };
  const groups = await spendGroups("p1", { ...range, boundariesUnixMs: [] }, target);
  const told = groups.map(({ leaseIds, otherLeaseIds, costNanoUsd, chargedNanoUsd }) => ({
    leaseIds,
    otherLeaseIds,
    costNanoUsd,
    chargedNanoUsd,
  }));
  const none = { leaseIds: [], otherLeaseIds: [] };
  expect(told.toSorted((one, other) => Number(one.costNanoUsd - other.costNanoUsd))).toEqual([
    { ...none, leaseIds: ["aaa.1", "bbb.2"], costNanoUsd: 0n, chargedNanoUsd: 100n },
    { ...none, otherLeaseIds: ["ccc.3"], costNanoUsd: 3n, chargedNanoUsd: 3n },
    { ...none, costNanoUsd: 4n, chargedNanoUsd: 4n },
    { ...none, otherLeaseIds: ["aaa.1", "bbb.2"], costNanoUsd: 90n, chargedNanoUsd: 90n },
  ]);
});

test("reads rows of before leases had a charge", async () => {
  const files = [await lake.write("old", [spanRow(0, { cost_nano_usd: 5n })])];
  const target = { duckDb, source: { files, hasOldRows: true } };
  expect(await spendGroups("p1", { ...range, boundariesUnixMs: [] }, target)).toMatchObject([
    { costNanoUsd: 5n, leaseIds: [] },
  ]);
});
