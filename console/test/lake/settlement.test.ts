import type { Correction } from "@lensai/analytics/corrections/correction";
import { openLake } from "@lensai/analytics/lake/open-lake";
import { LakeIndex } from "@lensai/analytics/lake/read-manifest";
import { openStore } from "@lensai/analytics/object-store/open-store";
import { correctionNames, landCorrections } from "@lensai/analytics/recompute/recompute-lake";
import { expireFiles } from "@lensai/analytics/retention/expire-files";
import { eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { budgetLedgers } from "#lib/server/db/schema/budget-ledgers.ts";
import { createLakeReader, type LakeReader } from "#lib/server/lake/lake-reader.ts";
import { Settlement } from "#lib/server/lake/settlement.ts";
import { createBudget } from "#lib/server/services/budgets/create.ts";
import { createBudgetSchema } from "#lib/server/services/budgets/schemas.ts";
import { exchangeLeases } from "#lib/server/services/ledger/exchange-leases.ts";
import { readLedgers } from "#lib/server/services/ledger/read-ledgers.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { callRow, createSampleLake, type SampleLake } from "../support/sample-lake.ts";

const DAY = "2026-11-24T00:00:00.000Z";
const DAY_MS = Date.parse(DAY);
const NOON_MS = DAY_MS + 12 * 3_600_000;
const RETENTION = { recordDays: 40, contentDays: undefined };

let database: TestDatabase;
let lake: SampleLake;
let reader: LakeReader;
let settlement: Settlement;
let nowMs = NOON_MS;
let project = "";
let names = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  lake = await createSampleLake();
  reader = createLakeReader(lake.settings);
  const clock = { db: database.db, now: () => new Date(nowMs) };
  settlement = new Settlement({ ...clock, lake: reader, retention: RETENTION });
});
afterAll(async () => {
  await reader.close();
  await Promise.all([database.close(), lake.remove()]);
});
beforeEach(async () => {
  nowMs = NOON_MS;
  project = `project-${(names += 1)}`;
  await ensureProject(database.services, { id: project, name: project });
});

async function makeBudget(terms: object = {}): Promise<string> {
  const made = await createBudget(
    { ...database.services, now: () => new Date(DAY_MS) },
    createBudgetSchema.parse({
      projectId: project,
      name: `budget ${(names += 1)}`,
      limitNanoUsd: "1000",
      period: { kind: "day", timeZone: "UTC" },
      mode: "enforce",
      ...terms,
    }),
    "ann",
  );
  if (made.kind !== "created") throw new Error(`the budget was not made: ${made.kind}`);
  return made.budget.id;
}

/** A call of the project that cost this much. */
const call = (startMs: number, cost: number | undefined, values = {}) => {
  names += 1;
  return callRow(startMs, {
    project_id: project,
    span_id: names.toString(16).padStart(16, "0"),
    record_ordinal: BigInt(names),
    cost_nano_usd: cost === undefined ? null : BigInt(cost),
    ...values,
  });
};

const ledgersOf = async (budgetId: string) => {
  const ledgers = await readLedgers(database.db, { projectId: project, budgetId, nowMs });
  return ledgers.map(({ value, periodStartMs, settledNanoUsd, heldNanoUsd }) => ({
    value,
    day: new Date(periodStartMs).toISOString().slice(0, 10),
    settled: Number(settledNanoUsd),
    held: Number(heldNanoUsd),
  }));
};

const testNow = (): Date => new Date(nowMs);

const expire = async (): Promise<void> => {
  const store = await openStore(lake.settings.url);
  const opened = openLake({ store, region: "local" });
  const freshIndex = (): Promise<LakeIndex> => LakeIndex.open(opened, testNow);
  await expireFiles({ lake: opened, freshIndex, policy: RETENTION, now: testNow });
  await store.close();
};

describe("what retention has deleted", () => {
  const LONG_AGO_MS = Date.parse("2026-08-10T12:00:00.000Z");
  const period = { kind: "total", startsAt: "2026-08-01T00:00:00.000Z" };

  test("stays counted as it was, also when a record lands late and when all is counted again", async () => {
    nowMs = LONG_AGO_MS + 60_000;
    const budgetId = await makeBudget({ period });
    await lake.land([call(LONG_AGO_MS, 100)]);
    await settlement.settle();
    nowMs = NOON_MS;
    await expire();
    await lake.land([call(LONG_AGO_MS + 1, 7), call(NOON_MS, 5)]);
    expect(await settlement.settle()).toMatchObject([{ moreNanoUsd: 5n }]);
    expect(await settlement.rebuild(project)).toEqual([]);
    expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 105 }]);
  });

  test("is not counted by a budget that is made later, nor by other terms", async () => {
    await lake.land([call(LONG_AGO_MS, 100), call(NOON_MS, 5)]);
    const budgetId = await makeBudget({ period });
    await settlement.settle();
    expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 5 }]);
  });
});

describe("calls that were made without the guard", () => {
  test("count by their scope, their value and the period in which they started", async () => {
    const all = await makeBudget();
    const each = await makeBudget({ each: "user", scope: { model: "gpt-*" } });
    await lake.land([
      call(NOON_MS, 100, { request_model: "gpt-5", user_id: "ann" }),
      call(NOON_MS + 1, 30, { request_model: "gpt-5", user_id: "bob" }),
      call(NOON_MS, 7, { request_model: "o3", user_id: "ann" }),
      call(NOON_MS, 5, { request_model: "gpt-5", user_id: null }),
      call(DAY_MS - 1, 1_000, { request_model: "gpt-5", user_id: "ann" }),
      call(NOON_MS, 999, { billed: false }),
      call(NOON_MS, 999, { project_id: "default" }),
    ]);
    await settlement.settle();
    expect(await ledgersOf(all)).toEqual([{ value: "", day: "2026-11-24", settled: 142, held: 0 }]);
    expect(await ledgersOf(each)).toEqual([
      { value: "ann", day: "2026-11-24", settled: 100, held: 0 },
      { value: "bob", day: "2026-11-24", settled: 30, held: 0 },
    ]);
  });

  test("count as they land, once, and are counted by a budget that is made later", async () => {
    const early = await makeBudget();
    await lake.land([call(NOON_MS, 10)]);
    await settlement.settle();
    await lake.land([call(NOON_MS + 5, 20), call(NOON_MS + 3_600_000, 40)]);
    expect(await settlement.settle()).toMatchObject([{ moreNanoUsd: 60n }]);
    expect(await settlement.settle()).toEqual([]);
    const late = await makeBudget();
    await settlement.settle();
    for (const budgetId of [early, late]) {
      expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 70, held: 0 }]);
    }
  });

  test("count to the millisecond where a total begins", async () => {
    const total = { kind: "total", startsAt: "2026-11-24T12:00:00.500Z" };
    const budgetId = await makeBudget({ period: total });
    await lake.land([call(NOON_MS + 499, 1), call(NOON_MS + 500, 20)]);
    nowMs += 1_000;
    await settlement.settle();
    expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 20 }]);
  });

  test("move the ledger when their bill is another one", async () => {
    const budgetId = await makeBudget();
    const row = call(NOON_MS, 60);
    await lake.land([row, call(NOON_MS, 5)]);
    await settlement.settle();
    const store = await openStore(lake.settings.url);
    const correction: Correction = {
      projectId: project,
      batchId: row["batch_id"] as string,
      recordOrdinal: Number(row["record_ordinal"]),
      traceId: row["trace_id"] as string,
      spanId: row["span_id"] as string,
      day: DAY_MS / 86_400_000,
      startMicros: NOON_MS * 1_000,
      billed: false,
      billRule: "twin",
      shadowedBy: "b7ad6b7169203331",
      decidedMicros: NOON_MS * 1_000,
    };
    await landCorrections(openLake({ store, region: "local" }), [correction], {
      nextName: correctionNames("test", new Date()),
      landedAt: new Date(),
    });
    await store.close();
    expect(await settlement.settle()).toMatchObject([{ moreNanoUsd: -60n }]);
    expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 5 }]);
  });
});

/** A process that was granted 500 and says what it has spent. */
async function leaseOf(budgetId: string, instanceId: string) {
  let sequence = 0;
  const say = async (figures: object = {}) => {
    sequence += 1;
    const report = {
      leaseId: `${instanceId}.1`,
      budgetId,
      periodStartsAt: DAY,
      grantedNanoUsd: "500",
      spentNanoUsd: "0",
      reservedNanoUsd: "0",
      incurredNanoUsd: "0",
      uncertainNanoUsd: "0",
      needNanoUsd: "0",
      wantNanoUsd: "0",
      isFinal: false,
      ...figures,
    };
    const request = { projectId: project, instanceId, sequence, leases: [report] };
    const clock = { db: database.db, now: () => new Date(nowMs) };
    return exchangeLeases(clock, { requests: [request] });
  };
  await say({ grantedNanoUsd: "0", needNanoUsd: "500" });
  return { say, leaseId: `${instanceId}.1` };
}

describe("calls that were made with a lease", () => {
  test("count against its budget when a gateway's record is billed for them", async () => {
    const budgetId = await makeBudget({ scope: { environment: "prod" } });
    const all = await makeBudget();
    const { say, leaseId } = await leaseOf(budgetId, "process-f");
    await say({ spentNanoUsd: "100" });
    const gateway = call(NOON_MS + 1, 90, { environment: null });
    const asked = {
      environment: "prod",
      lease_id: leaseId,
      charged_nano_usd: 100n,
      billed: false,
      bill_rule: "nested",
      shadowed_by: gateway["span_id"] as string,
    };
    await lake.land([call(NOON_MS, 80, asked), gateway]);
    await settlement.settle();
    expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 90, held: 400 }]);
    expect(await ledgersOf(all)).toMatchObject([{ settled: 90, held: 0 }]);
    expect(await settlement.rebuild(project)).toEqual([]);
  });

  test("count once: what the process has charged gives way to what they are billed", async () => {
    const budgetId = await makeBudget();
    const { say, leaseId } = await leaseOf(budgetId, "process-a");
    await say({ spentNanoUsd: "120" });
    // The bill of the first is by a price that the guard did not know.
    await lake.land([
      call(NOON_MS, 80, { lease_id: leaseId, charged_nano_usd: 100n }),
      call(NOON_MS, 20, { lease_id: leaseId, charged_nano_usd: 20n }),
    ]);
    expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 0, held: 500 }]);
    await settlement.settle();
    expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 100, held: 380 }]);
    await say({ grantedNanoUsd: "120", spentNanoUsd: "120", isFinal: true });
    expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 100, held: 0 }]);
  });

  test("count in the period of their lease, whatever their clock and their attributes say", async () => {
    const budgetId = await makeBudget({ scope: { team: "support" } });
    const { say, leaseId } = await leaseOf(budgetId, "process-b");
    await lake.land([
      call(DAY_MS + 90_000_000, 40, { lease_id: leaseId, charged_nano_usd: 40n, team: "sales" }),
    ]);
    await say({ grantedNanoUsd: "40", spentNanoUsd: "40", isFinal: true });
    await settlement.settle();
    expect(await ledgersOf(budgetId)).toEqual([
      { value: "", day: "2026-11-24", settled: 40, held: 0 },
    ]);
  });

  test("are not lost when another record is billed for them", async () => {
    const budgetId = await makeBudget();
    const { say, leaseId } = await leaseOf(budgetId, "process-c");
    await lake.land([
      call(NOON_MS, 30, { lease_id: leaseId, charged_nano_usd: 30n, billed: false }),
      call(NOON_MS, 30),
    ]);
    await say({ grantedNanoUsd: "30", spentNanoUsd: "30", isFinal: true });
    await settlement.settle();
    expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 30, held: 0 }]);
  });

  test("of a process that is not heard any more stay charged for its life, and then as it said or as they land", async () => {
    const budgetId = await makeBudget();
    const { say, leaseId } = await leaseOf(budgetId, "process-d");
    await say({ spentNanoUsd: "100", reservedNanoUsd: "200", incurredNanoUsd: "20" });
    const row = { lease_id: leaseId, charged_nano_usd: 100n };
    await lake.land([call(NOON_MS, 100, row)]);
    await settlement.settle();
    expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 100, held: 400 }]);
    nowMs += 30_000;
    expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 100, held: 20 }]);
    // One of its calls has come to its end after its last word.
    await lake.land([call(NOON_MS, 150, { lease_id: leaseId, charged_nano_usd: 150n })]);
    await settlement.settle();
    expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 250, held: 0 }]);
  });

  test("whose price nobody knows cost what the guard has charged", async () => {
    const budgetId = await makeBudget();
    const { say, leaseId } = await leaseOf(budgetId, "process-e");
    await lake.land([call(NOON_MS, undefined, { lease_id: leaseId, charged_nano_usd: 70n })]);
    await say({ grantedNanoUsd: "70", spentNanoUsd: "70", isFinal: true });
    await settlement.settle();
    expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 70, held: 0 }]);
  });
});

test("a rebuild finds what was changed by hand and puts it right; a second one finds nothing", async () => {
  const budgetId = await makeBudget();
  await lake.land([call(NOON_MS, 10), call(NOON_MS, 20)]);
  await settlement.settle();
  await database.db
    .update(budgetLedgers)
    .set({ settledNanoUsd: 7n })
    .where(eq(budgetLedgers.budgetId, budgetId));
  await database.db.execute(sql`delete from budget_spend where budget_id = ${budgetId}`);
  expect(await settlement.rebuild(project)).toMatchObject([
    { moreNanoUsd: -7n },
    { moreNanoUsd: 30n },
  ]);
  expect(await ledgersOf(budgetId)).toMatchObject([{ settled: 30 }]);
  expect(await settlement.rebuild(project)).toEqual([]);
});
