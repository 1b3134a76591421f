import { parseLeaseBatch } from "@lensai/otel-config/control/leases";
import type { LeaseGrant, LeaseReport } from "@lensai/otel-config/control/leases";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createOverride } from "#lib/server/services/budgets/create-override.ts";
import { createBudget } from "#lib/server/services/budgets/create.ts";
import { deleteBudget } from "#lib/server/services/budgets/delete.ts";
import { heldAmounts, heldByValue } from "#lib/server/services/budgets/held.ts";
import { findBudget } from "#lib/server/services/budgets/list.ts";
import { createBudgetSchema, createOverrideSchema } from "#lib/server/services/budgets/schemas.ts";
import { exchangeLeases } from "#lib/server/services/ledger/exchange-leases.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { ledgerHearing } from "#lib/server/db/schema/budget-ledgers.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const TIMES = { ttlMs: 30_000, usableMs: 15_000 };
const DAY = "2026-11-01T00:00:00.000Z";
const NOON_MS = Date.parse("2026-11-01T12:00:00Z");

let database: TestDatabase;
let names = 0;
let nowMs = NOON_MS;

beforeAll(async () => {
  database = await createTestDatabase();
  await ensureProject(database.services, { id: "shop", name: "Shop" });
  await ensureProject(database.services, { id: "other", name: "Other" });
});
afterAll(() => database.close());
beforeEach(async () => {
  nowMs = NOON_MS;
  await database.db.delete(ledgerHearing);
});

/** A budget of 1,000 nano-USD a day. */
async function makeBudget(terms: object = {}): Promise<string> {
  const made = await createBudget(
    database.services,
    createBudgetSchema.parse({
      projectId: "shop",
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

/** A process that holds one lease. Amounts are small numbers, for reading. */
function processOf(
  budgetId: string,
  { projectId = "shop", value = undefined as string | undefined, periodStartsAt = DAY } = {},
) {
  const instanceId = `instance-${(names += 1)}`;
  let sequence = 0;
  let grantedNano = 0;
  const request = (
    figures: Partial<
      Record<
        "granted" | "spent" | "reserved" | "incurred" | "uncertain" | "need" | "least" | "want",
        number
      >
    > & {
      isFinal?: boolean;
    } = {},
  ) => {
    const { granted = grantedNano, spent = 0, reserved = 0, incurred = 0 } = figures;
    const { uncertain = 0, need = 0, least, want = 0, isFinal = false } = figures;
    const report: LeaseReport = {
      leaseId: `${instanceId}.1`,
      budgetId,
      ...(value !== undefined && { value }),
      periodStartsAt,
      grantedNanoUsd: String(granted),
      spentNanoUsd: String(spent),
      reservedNanoUsd: String(reserved),
      incurredNanoUsd: String(incurred),
      uncertainNanoUsd: String(uncertain),
      needNanoUsd: String(need),
      ...(least !== undefined && { leastNanoUsd: String(least) }),
      wantNanoUsd: String(want),
      isFinal,
    };
    sequence += 1;
    return { projectId, instanceId, sequence, leases: [report] };
  };
  const sendAlone = async (sent: ReturnType<typeof request>): Promise<LeaseGrant> => {
    const [answer] = await exchange(sent);
    return answer as LeaseGrant;
  };
  return {
    request,
    send: sendAlone,
    /** Says this and takes what is granted. */
    async say(figures: Parameters<typeof request>[0] = {}): Promise<LeaseGrant> {
      const grant = await sendAlone(request(figures));
      grantedNano = Number(grant.grantedNanoUsd);
      return grant;
    },
  };
}

async function exchange(...requests: object[]): Promise<(LeaseGrant | undefined)[]> {
  const batch = parseLeaseBatch(JSON.parse(JSON.stringify({ requests })));
  const clock = { db: database.db, now: () => new Date(nowMs) };
  const { answers } = await exchangeLeases(clock, batch, TIMES);
  return answers.map(({ leases }) => leases[0]);
}

/** Time passes, in which other processes are heard. */
async function pass(ms: number): Promise<void> {
  for (const untilMs = nowMs + ms; nowMs < untilMs;) {
    nowMs = Math.min(untilMs, nowMs + 4_000);
    await exchange();
  }
}

describe("a grant", () => {
  test("is what a call needs, and ahead of calls a share of what is free", async () => {
    const one = processOf(await makeBudget());
    expect(await one.say({ need: 300 })).toMatchObject({
      state: "granted",
      grantedNanoUsd: "300",
      // The process stops half a life before the ledger does.
      ttlMs: 15_000,
    });
    expect(await one.say({ reserved: 300, want: 900 })).toMatchObject({
      state: "granted",
      grantedNanoUsd: "650",
      keepNanoUsd: "350",
    });
  });

  test("never adds up to more than the limit, however many ask at once", async () => {
    const budgetId = await makeBudget();
    const many = Array.from({ length: 20 }, () => processOf(budgetId));
    const grants = await Promise.all(many.map((each) => each.say({ need: 90, want: 90 })));
    const sum = grants.reduce((total, { grantedNanoUsd }) => total + Number(grantedNanoUsd), 0);
    expect(sum).toBeLessThanOrEqual(1_000);
    expect(grants.filter(({ state }) => state === "granted")).toHaveLength(11);
  });

  test("meets what the requests before it in the same batch have left", async () => {
    const budgetId = await makeBudget();
    const [one, other] = [processOf(budgetId), processOf(budgetId)];
    const answers = await exchange(one.request({ need: 700 }), other.request({ need: 400 }));
    expect(answers).toMatchObject([
      { grantedNanoUsd: "700" },
      { state: "exhausted", grantedNanoUsd: "0" },
    ]);
  });

  test("is the same when the request comes twice, and the other's when its answer was lost", async () => {
    const one = processOf(await makeBudget());
    const request = one.request({ need: 200 });
    expect(await one.send(request)).toMatchObject({ grantedNanoUsd: "200" });
    expect(await one.send(request)).toMatchObject({ grantedNanoUsd: "200" });
    // The process has not heard of either.
    expect(await one.send(one.request({ granted: 0, need: 900 }))).toMatchObject({
      state: "granted",
      grantedNanoUsd: "900",
    });
    expect(await one.send({ ...request, sequence: 1 })).toMatchObject({ grantedNanoUsd: "900" });
  });

  test("of the last cents goes to budgets that can make a call smaller", async () => {
    const strict = processOf(await makeBudget());
    const clamping = processOf(await makeBudget({ clamp: true }));
    const watching = processOf(await makeBudget({ clamp: true, mode: "observe" }));
    expect(await watching.say({ need: 1_001 })).toMatchObject({ grantedNanoUsd: "0" });
    expect(await strict.say({ need: 1_001 })).toMatchObject({
      state: "exhausted",
      grantedNanoUsd: "0",
    });
    expect(await clamping.say({ need: 1_001 })).toMatchObject({
      state: "exhausted",
      grantedNanoUsd: "1000",
    });
  });

  test("of the last cents goes to calls that are of use with them: what is too little comes together where it is free", async () => {
    const budgetId = await makeBudget({ clamp: true });
    const processes = Array.from({ length: 5 }, () => processOf(budgetId));
    for (const each of processes) await each.say({ need: 200 });
    // Each has a rest of 20, which is too little for its next call, however small that is made.
    const rest = { spent: 180, need: 90, least: 50, want: 90 };
    const kept: number[] = [];
    for (const each of processes) {
      const { keepNanoUsd } = await each.say(rest);
      kept.push(Number(keepNanoUsd));
      await each.say({ ...rest, granted: 180 + Number(keepNanoUsd), need: 0 });
    }
    // The third meets enough: what two have given back, and its own.
    expect(kept.map((keep) => keep >= 50)).toEqual([false, false, true, false, false]);
  });

  test("that is not to be had is asked for again soon where processes may give back enough, and later where it is spent", async () => {
    const budgetId = await makeBudget();
    const [one, other] = [processOf(budgetId), processOf(budgetId)];
    await one.say({ need: 900 });
    await one.say({ spent: 500, reserved: 300, incurred: 50 });
    expect(await other.say({ need: 500 })).toMatchObject({
      state: "exhausted",
      retryAfterMs: 1_000,
    });
    expect(await other.say({ need: 501 })).toMatchObject({
      state: "exhausted",
      retryAfterMs: 5_000,
    });
    await one.say({ spent: 800, isFinal: true });
    expect(await other.say({ need: 500 })).toMatchObject({
      state: "exhausted",
      retryAfterMs: 5_000,
    });
  });

  test("says how much of the whole budget is free, and how much others hold that they have not spent", async () => {
    const budgetId = await makeBudget();
    const [one, other] = [processOf(budgetId), processOf(budgetId)];
    expect(await one.say({ need: 600 })).toMatchObject({ freeNanoUsd: "400", lentNanoUsd: "0" });
    await one.say({ spent: 250, reserved: 300, incurred: 50 });
    expect(await other.say({ need: 100 })).toMatchObject({
      freeNanoUsd: "300",
      lentNanoUsd: "350",
    });
    expect(await other.say({ spent: 40, need: 400 })).toMatchObject({
      state: "exhausted",
      freeNanoUsd: "300",
      lentNanoUsd: "350",
    });
    await one.say({ spent: 250, isFinal: true });
    expect(await other.say({ spent: 40 })).toMatchObject({ freeNanoUsd: "650", lentNanoUsd: "0" });
  });

  test("follows overrides at once", async () => {
    const budgetId = await makeBudget();
    const one = processOf(budgetId);
    expect(await one.say({ need: 1_500 })).toMatchObject({ state: "exhausted" });
    await createOverride(
      { ...database.services, now: () => new Date(nowMs) },
      createOverrideSchema.parse({
        projectId: "shop",
        budgetId,
        limitNanoUsd: "2000",
        endsAt: "2026-11-01T13:00:00Z",
        reason: "launch day",
      }),
      "ann",
    );
    expect(await one.say({ need: 1_500 })).toMatchObject({ grantedNanoUsd: "1500" });
    nowMs = Date.parse("2026-11-01T13:00:00Z") - TIMES.ttlMs;
    await exchange();
    await pass(TIMES.ttlMs);
    expect(await processOf(budgetId).say({ need: 1_000 })).toMatchObject({ state: "granted" });
    expect(await processOf(budgetId).say({ need: 1 })).toMatchObject({ state: "exhausted" });
  });
});

describe("what is not used", () => {
  test("comes back with the last word of a process", async () => {
    const budgetId = await makeBudget();
    const one = processOf(budgetId);
    await one.say({ need: 1_000 });
    await one.say({ granted: 400, spent: 400, isFinal: true });
    expect(await processOf(budgetId).say({ need: 600 })).toMatchObject({ grantedNanoUsd: "600" });
    expect(await processOf(budgetId).say({ need: 1 })).toMatchObject({ state: "exhausted" });
  });

  test("of a process that is not heard comes back after the life of its lease; what it said it would come to stays", async () => {
    const budgetId = await makeBudget();
    const dead = processOf(budgetId);
    await dead.say({ need: 1_000 });
    await dead.say({ spent: 100, reserved: 500, incurred: 50, need: 400 });
    const stateFor = async (need: number) => (await processOf(budgetId).say({ need })).state;
    await pass(TIMES.ttlMs - 1);
    expect(await stateFor(1)).toBe("exhausted");
    await pass(1);
    expect(await stateFor(851)).toBe("exhausted");
    expect(await stateFor(850)).toBe("granted");
  });

  test("of a process that is dead comes back when another one says its last word, which one that only slept takes back", async () => {
    const budgetId = await makeBudget();
    const dead = processOf(budgetId);
    await dead.say({ need: 1_000 });
    await dead.say({ spent: 100, reserved: 500, incurred: 50 });
    // What it had written for whoever comes after it.
    expect(await dead.say({ granted: 180, spent: 180, isFinal: true })).toMatchObject({
      grantedNanoUsd: "180",
    });
    expect(await processOf(budgetId).say({ need: 820 })).toMatchObject({ grantedNanoUsd: "820" });
    expect(await dead.say({ granted: 1_000, spent: 190, reserved: 100, need: 500 })).toMatchObject({
      state: "exhausted",
      grantedNanoUsd: "290",
    });
  });

  test("of a process that was silent for too long is lost to it, and what it has spent is not", async () => {
    const budgetId = await makeBudget();
    const silent = processOf(budgetId);
    await silent.say({ need: 1_000 });
    await pass(TIMES.ttlMs);
    await processOf(budgetId).say({ need: 900 });
    expect(await silent.say({ spent: 300, need: 500 })).toMatchObject({
      state: "exhausted",
      grantedNanoUsd: "300",
    });
    expect(await processOf(budgetId).say({ need: 1 })).toMatchObject({ state: "exhausted" });
  });

  test("is kept through a time in which nobody was heard, until every process could be heard again", async () => {
    const budgetId = await makeBudget();
    const [one, other] = [processOf(budgetId), processOf(budgetId)];
    await exchange(one.request({ need: 400 }), other.request({ need: 600 }));
    nowMs += 10 * TIMES.ttlMs;
    expect(await processOf(budgetId).say({ need: 1 })).toMatchObject({ state: "exhausted" });
    await pass(TIMES.ttlMs - 1);
    expect(await one.say({ granted: 400, spent: 400 })).toMatchObject({ grantedNanoUsd: "400" });
    expect(await processOf(budgetId).say({ need: 1 })).toMatchObject({ state: "exhausted" });
    await pass(1);
    expect(await processOf(budgetId).say({ need: 600 })).toMatchObject({ state: "granted" });
  });

  test("is kept through two such times that follow each other", async () => {
    const budgetId = await makeBudget();
    await processOf(budgetId).say({ need: 1_000 });
    nowMs += 2 * TIMES.ttlMs;
    await exchange();
    nowMs += TIMES.ttlMs / 2;
    await exchange();
    await pass(TIMES.ttlMs - 1);
    expect(await processOf(budgetId).say({ need: 1 })).toMatchObject({ state: "exhausted" });
    await pass(1);
    expect(await processOf(budgetId).say({ need: 1 })).toMatchObject({ state: "granted" });
  });
});

/** Held, and uncertain. */
async function held(budgetId: string, value = "") {
  const at = new Date(nowMs);
  const budget = await findBudget(database.db, { projectId: "shop", budgetId, at });
  if (budget === undefined) throw new Error(`there is no budget ${budgetId}`);
  const context = { ...database.services, now: () => at };
  const found =
    value === ""
      ? (await heldAmounts(context, [budget])).get(budgetId)
      : (await heldByValue(context, budget, [value])).get(value);
  return [found?.heldNanoUsd, found?.uncertainNanoUsd];
}

describe("what may have been spent beyond what is counted", () => {
  test("is what nobody has counted, also of a process that has ended; and what one that is silent held", async () => {
    const budgetId = await makeBudget();
    const [ended, silent] = [processOf(budgetId), processOf(budgetId)];
    await ended.say({ need: 300 });
    expect(await held(budgetId)).toEqual([300n, 0n]);
    await ended.say({ granted: 100, spent: 100, uncertain: 30, isFinal: true });
    expect(await held(budgetId)).toEqual([100n, 30n]);
    await silent.say({ need: 400 });
    await silent.say({ spent: 50, reserved: 200, incurred: 70, uncertain: 5 });
    expect(await held(budgetId)).toEqual([500n, 35n]);
    await pass(TIMES.ttlMs);
    expect(await held(budgetId)).toEqual([220n, 315n]);
  });

  test("is told of each value", async () => {
    const budgetId = await makeBudget({ each: "user" });
    const ann = processOf(budgetId, { value: "ann" });
    await ann.say({ need: 300 });
    await ann.say({ granted: 200, spent: 200, uncertain: 7, isFinal: true });
    expect(await held(budgetId, "ann")).toEqual([200n, 7n]);
    expect(await held(budgetId, "bob")).toEqual([0n, 0n]);
  });

  test("is nothing where calls are made smaller: a process that is silent holds all that it was granted", async () => {
    const budgetId = await makeBudget({ clamp: true });
    const silent = processOf(budgetId);
    await silent.say({ need: 400 });
    await silent.say({ spent: 50, reserved: 200, incurred: 70 });
    await pass(TIMES.ttlMs);
    expect(await held(budgetId)).toEqual([400n, 0n]);
    expect(await processOf(budgetId).say({ need: 601 })).toMatchObject({ grantedNanoUsd: "600" });
  });
});

describe("refused is", () => {
  test("a budget of another project, one that is deleted, and one that is not there", async () => {
    const budgetId = await makeBudget();
    expect(await processOf(budgetId, { projectId: "other" }).say({ need: 1 })).toMatchObject({
      state: "refused",
    });
    await deleteBudget(database.services, { projectId: "shop", budgetId, version: 1 }, "ann");
    expect(await processOf(budgetId).say({ need: 1 })).toMatchObject({ state: "refused" });
    expect(await processOf("bud_none").say({ need: 1 })).toMatchObject({ state: "refused" });
  });

  test("a period that is not now, whatever the clock of the process says", async () => {
    const budgetId = await makeBudget();
    const state = async (periodStartsAt: string) =>
      (await processOf(budgetId, { periodStartsAt }).say({ need: 1 })).state;
    expect(await state("2026-11-02T00:00:00.000Z")).toBe("refused");
    expect(await state("2026-10-31T00:00:00.000Z")).toBe("refused");
    expect(await state("2026-11-01T06:00:00.000Z")).toBe("refused");
    nowMs = Date.parse("2026-11-02T00:00:00Z") - 5_000;
    expect(await state("2026-11-02T00:00:00.000Z")).toBe("granted");
  });

  test("a value where the budget has none, and none where it has", async () => {
    const all = await makeBudget();
    const each = await makeBudget({ each: "user" });
    expect(await processOf(all, { value: "ann" }).say({ need: 1 })).toMatchObject({
      state: "refused",
    });
    expect(await processOf(each).say({ need: 1 })).toMatchObject({ state: "refused" });
    expect(await processOf(each, { value: "ann" }).say({ need: 1_000 })).toMatchObject({
      state: "granted",
    });
    expect(await processOf(each, { value: "bob" }).say({ need: 1_000 })).toMatchObject({
      state: "granted",
    });
  });

  test("the lease of another process", async () => {
    const budgetId = await makeBudget();
    const one = processOf(budgetId);
    const request = one.request({ need: 100 });
    await one.send(request);
    const [answer] = await exchange({ ...request, instanceId: "somebody-else", sequence: 9 });
    expect(answer).toMatchObject({ state: "refused", grantedNanoUsd: "0" });
  });
});

/** The slice of an hour's window. */
const sliceAt = (ms: number) => ({
  periodStartsAt: new Date(Math.floor(ms / 60_000) * 60_000).toISOString(),
});

test("a rolling window counts the leases of all of its slices", async () => {
  const budgetId = await makeBudget({ period: { kind: "rolling", windowMs: 3_600_000 } });
  const early = processOf(budgetId, sliceAt(nowMs));
  await early.say({ need: 800 });
  await early.say({ granted: 800, spent: 800, isFinal: true });
  nowMs += 30 * 60_000;
  expect(await processOf(budgetId, sliceAt(nowMs)).say({ need: 300 })).toMatchObject({
    state: "exhausted",
  });
  nowMs += 31 * 60_000;
  expect(await processOf(budgetId, sliceAt(nowMs)).say({ need: 1_000 })).toMatchObject({
    state: "granted",
  });
});
