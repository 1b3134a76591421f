import { afterAll, beforeAll, expect, test } from "vitest";
import { createRolloverJob } from "#lib/server/control/rollover-job.ts";
import { createOverride } from "#lib/server/services/budgets/create-override.ts";
import { createBudget } from "#lib/server/services/budgets/create.ts";
import { rollOver } from "#lib/server/services/budgets/roll-over.ts";
import { createBudgetSchema } from "#lib/server/services/budgets/schemas.ts";
import type { ServiceContext } from "#lib/server/services/context.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { buildSnapshot } from "#lib/server/services/snapshot/build.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let now = new Date("2026-11-01T06:00:00Z");
let services: ServiceContext;

beforeAll(async () => {
  database = await createTestDatabase();
  services = { ...database.services, now: () => now };
});
afterAll(() => database.close());

async function budgetNow() {
  const { version, budgets = [] } = await buildSnapshot(database.db);
  const [budget] = budgets;
  return { version, limit: budget?.limitNanoUsd, startsAt: budget?.periodStartsAt };
}

async function at(time: string): Promise<string | undefined> {
  now = new Date(time);
  return (await rollOver(services))?.toISOString();
}

test("a new period, and an override that begins or ends, is a new snapshot; nothing else is", async () => {
  await ensureProject(services, { id: "shop", name: "Shop" });
  expect(await rollOver(services)).toBeUndefined();
  const period = { kind: "day", timeZone: "Asia/Tokyo" };
  const input = { projectId: "shop", name: "daily", limitNanoUsd: "5", period };
  const made = await createBudget(services, createBudgetSchema.parse(input), "ann");
  const budgetId = made.kind === "created" ? made.budget.id : "";
  expect(await rollOver(services)).toEqual(new Date("2026-11-01T15:00:00Z"));
  const raise = { projectId: "shop", budgetId, limitNanoUsd: 9n, reason: "launch" };
  const times = { startsAt: "2026-11-01T08:00:00.000Z", endsAt: "2026-11-01T09:00:00.000Z" };
  await createOverride(services, { ...raise, ...times }, "ann");
  const before = await budgetNow();

  expect(await at("2026-11-01T07:59:59.999Z")).toBe(times.startsAt);
  expect(await budgetNow()).toEqual(before);
  expect(await at(times.startsAt)).toBe(times.endsAt);
  expect(await budgetNow()).toEqual({ ...before, version: before.version + 1, limit: "9" });
  expect(await at(times.endsAt)).toBe("2026-11-01T15:00:00.000Z");
  expect(await budgetNow()).toEqual({ ...before, version: before.version + 2 });
  expect(await at("2026-11-01T15:00:00Z")).toBe("2026-11-02T15:00:00.000Z");
  expect(await budgetNow()).toMatchObject({ startsAt: "2026-11-01T15:00:00.000Z" });

  // A console that was away for days raises once, and two at the same moment as well.
  const { version } = await budgetNow();
  now = new Date("2026-11-07T12:00:00Z");
  await Promise.all([rollOver(services), rollOver(services)]);
  expect(await budgetNow()).toMatchObject({
    version: version + 1,
    startsAt: "2026-11-06T15:00:00.000Z",
  });
});

test("the job comes again when something is due, and at once when it is woken", async () => {
  let runs = 0;
  const job = createRolloverJob({
    // The second time is the last one.
    rollOver: () => Promise.resolve((runs += 1) === 1 ? new Date(Date.now() + 20) : undefined),
    now: () => new Date(),
    onProblem: () => undefined,
  });
  await job.wake();
  expect(runs).toBe(1);
  await expect.poll(() => runs).toBe(2);
  await job.wake();
  expect(runs).toBe(3);
  job.stop();
  await job.wake();
  expect(runs).toBe(3);
});

test("the job reports a failure once, and tries again", async () => {
  const problems: unknown[] = [];
  const results = [new Error("first"), new Error("second"), undefined, new Error("later")];
  const job = createRolloverJob({
    rollOver: () => {
      const result = results.shift();
      return result === undefined ? Promise.resolve(undefined) : Promise.reject(result);
    },
    now: () => new Date(),
    onProblem: (error) => problems.push((error as Error).message),
  });
  for (let run = 0; run < 4; run += 1) await job.wake();
  job.stop();
  expect(problems).toEqual(["first", "later"]);
});
