import { parseControlSnapshot } from "@lensai/otel-config/control/snapshot";
import { desc, eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { auditEntries } from "#lib/server/db/schema/audit-entries.ts";
import { budgetLedgers } from "#lib/server/db/schema/budget-ledgers.ts";
import { budgets } from "#lib/server/db/schema/budgets.ts";
import { createOverride } from "#lib/server/services/budgets/create-override.ts";
import { createBudget } from "#lib/server/services/budgets/create.ts";
import { deleteBudget } from "#lib/server/services/budgets/delete.ts";
import { endOverride } from "#lib/server/services/budgets/end-override.ts";
import { lockBudget } from "#lib/server/services/budgets/lock-budget.ts";
import { findBudget, listBudgets, listOverrides } from "#lib/server/services/budgets/list.ts";
import {
  createBudgetSchema,
  createOverrideSchema,
  updateBudgetSchema,
} from "#lib/server/services/budgets/schemas.ts";
import { updateBudget } from "#lib/server/services/budgets/update.ts";
import { issuesText } from "#lib/server/http/problem.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { buildSnapshot } from "#lib/server/services/snapshot/build.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let names = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  await ensureProject(database.services, { id: "shop", name: "Shop" });
  await ensureProject(database.services, { id: "other", name: "Other" });
});
afterAll(() => database.close());

/** The clock of `database.services` stands at the beginning of this day. */
const DAY = new Date("2026-11-01T00:00:00Z");

const newName = (): string => `budget ${(names += 1)}`;

async function makeBudget(terms: object = {}) {
  const input = { projectId: "shop", name: newName(), limitNanoUsd: "5000000000", ...terms };
  const made = await createBudget(database.services, createBudgetSchema.parse(input), "ann");
  if (made.kind !== "created") throw new Error(`the budget was not made: ${made.kind}`);
  return made.budget;
}

const change = (terms: object) =>
  updateBudget(
    database.services,
    updateBudgetSchema.parse({ projectId: "shop", version: 1, ...terms }),
    "bob",
  );

const raise = (budgetId: string, terms: object = {}) =>
  createOverride(
    database.services,
    createOverrideSchema.parse({
      projectId: "shop",
      budgetId,
      limitNanoUsd: "8000000000",
      endsAt: "2026-11-01T12:00:00Z",
      reason: "launch day",
      ...terms,
    }),
    "bob",
  );

async function lastEntry() {
  const [entry] = await database.db
    .select()
    .from(auditEntries)
    .orderBy(desc(auditEntries.sequence))
    .limit(1);
  return entry;
}

async function inSnapshot(budgetId: string) {
  const snapshot = await buildSnapshot(database.db);
  expect(parseControlSnapshot(JSON.parse(JSON.stringify(snapshot)))).toEqual(snapshot);
  return snapshot.budgets?.find(({ id }) => id === budgetId);
}

test("a budget is in the next snapshot with the period that runs and those that follow", async () => {
  const { version } = await buildSnapshot(database.db);
  const { id } = await makeBudget({
    name: "support",
    scope: { team: "support", model: "gpt-4o*" },
    each: "user",
    mode: "enforce",
    period: { kind: "month", timeZone: "Europe/Berlin" },
  });
  expect((await buildSnapshot(database.db)).version).toBe(version + 1);
  const { laterResetsAt, ...terms } = (await inSnapshot(id)) ?? {};
  expect(terms).toEqual({
    id,
    projectId: "shop",
    name: "support",
    scope: { model: "gpt-4o*", team: "support" },
    each: "user",
    limitNanoUsd: "5000000000",
    mode: "enforce",
    failMode: "spend_lease_then_closed",
    unknownPrice: "assume_family_max",
    clamp: false,
    periodStartsAt: "2026-10-31T23:00:00.000Z",
    resetsAt: "2026-11-30T23:00:00.000Z",
  });
  expect(laterResetsAt).toHaveLength(7);
  expect(laterResetsAt?.slice(0, 5)).toEqual([
    "2026-12-31T23:00:00.000Z",
    "2027-01-31T23:00:00.000Z",
    "2027-02-28T23:00:00.000Z",
    "2027-03-31T22:00:00.000Z",
    "2027-04-30T22:00:00.000Z",
  ]);
});

test("a rolling window is told as its slices, and a total only while it runs", async () => {
  const rolling = await makeBudget({ period: { kind: "rolling", windowMs: 3_600_000 } });
  expect(await inSnapshot(rolling.id)).toMatchObject({
    windowMs: 3_600_000,
    periodStartsAt: "2026-11-01T00:00:00.000Z",
    resetsAt: "2026-11-01T00:01:00.000Z",
  });
  const endless = await makeBudget({ period: { kind: "total" } });
  expect(await inSnapshot(endless.id)).toMatchObject({
    periodStartsAt: endless.createdAt.toISOString(),
  });
  const later = await makeBudget({ period: { kind: "total" } });
  expect(later.createdAt).not.toEqual(endless.createdAt);
  expect(await inSnapshot(later.id)).toMatchObject({
    periodStartsAt: later.createdAt.toISOString(),
  });
  const over = await makeBudget({ period: { kind: "total", endsAt: "2026-10-31T00:00:00Z" } });
  expect(await inSnapshot(over.id)).toBeUndefined();
});

test("a budget that was deleted limits nothing, and its name is free", async () => {
  const { id, name } = await makeBudget();
  const input = { projectId: "shop", budgetId: id, version: 1 };
  const foreign = await deleteBudget(database.services, { ...input, projectId: "other" }, "bob");
  expect(foreign).toEqual({ kind: "not_found" });
  expect(await deleteBudget(database.services, input, "bob")).toEqual({ kind: "deleted" });
  expect(await lastEntry()).toMatchObject({ action: "budget.delete", before: { name } });
  expect(await inSnapshot(id)).toBeUndefined();
  expect(await deleteBudget(database.services, input, "bob")).toEqual({ kind: "not_found" });
  expect(
    await findBudget(database.db, { projectId: "shop", budgetId: id, at: DAY }),
  ).toBeUndefined();
  expect(await makeBudget({ name })).toMatchObject({ version: 1 });
});

describe("changes", () => {
  test("leave what is not given, and the log tells what was otherwise", async () => {
    const { id, name } = await makeBudget({ notes: "for the pilot" });
    const result = await change({ budgetId: id, mode: "enforce", limitNanoUsd: "7000000000" });
    expect(result).toMatchObject({
      kind: "updated",
      budget: { name, mode: "enforce", notes: "for the pilot", version: 2, updatedBy: "bob" },
    });
    expect(await lastEntry()).toMatchObject({
      action: "budget.update",
      subjectId: id,
      before: { mode: "observe", limitNanoUsd: "5000000000" },
      after: { mode: "enforce", limitNanoUsd: "7000000000" },
    });
  });

  test("of what somebody else changed meanwhile are refused with the version there is", async () => {
    const { id } = await makeBudget();
    await change({ budgetId: id, mode: "warn" });
    expect(await change({ budgetId: id, mode: "enforce" })).toEqual({
      kind: "conflict",
      currentVersion: 2,
    });
    const outdated = { projectId: "shop", budgetId: id, version: 1 };
    expect(await deleteBudget(database.services, outdated, "bob")).toEqual({
      kind: "conflict",
      currentVersion: 2,
    });
  });

  test("at the same moment: one is made, the others learn of it", async () => {
    const { id } = await makeBudget();
    const results = await Promise.all(
      ["1", "2", "3", "4"].map((digit) => change({ budgetId: id, limitNanoUsd: digit })),
    );
    expect(results.map(({ kind }) => kind).toSorted()).toEqual([
      "conflict",
      "conflict",
      "conflict",
      "updated",
    ]);
  });

  test("that change nothing raise no version", async () => {
    const { id, name } = await makeBudget({ scope: { team: "a", user: "b" } });
    const { version } = await buildSnapshot(database.db);
    const same = { budgetId: id, name, scope: { user: "b", team: "a" } };
    expect(await change(same)).toMatchObject({ kind: "updated", budget: { version: 1 } });
    expect((await buildSnapshot(database.db)).version).toBe(version);
  });

  test("that contradict what stays are refused", async () => {
    const { id, name } = await makeBudget({ scope: { user: "ann" } });
    expect(await change({ budgetId: id, each: "user" })).toEqual({ kind: "each_is_fixed" });
    const other = await makeBudget();
    expect(await change({ budgetId: other.id, name })).toEqual({ kind: "name_taken" });
    expect(await change({ budgetId: "bud_none", name })).toEqual({ kind: "not_found" });
  });
});

test("two budgets of a project have different names; another project may have both", async () => {
  const { name } = await makeBudget();
  const input = createBudgetSchema.parse({ projectId: "shop", name, limitNanoUsd: "1" });
  expect(await createBudget(database.services, input, "ann")).toEqual({ kind: "name_taken" });
  const elsewhere = { ...input, projectId: "other" };
  expect((await createBudget(database.services, elsewhere, "ann")).kind).toBe("created");
  expect((await listBudgets(database.db, { projectId: "other", at: DAY })).length).toBe(1);
});

/** Of any budget that there is. */
const copies = (projectId: string, count: number) => sql`
  insert into budgets select made.* from (select to_jsonb(budget) as body from budgets budget limit 1) one,
    generate_series(1, ${count}::int) as n,
    jsonb_populate_record(null::budgets, body || jsonb_build_object(
      'id', ${projectId}::text || n, 'name', 'copy ' || n, 'project_id', ${projectId}::text)) as made`;

test("a project has so many budgets and no more, and so have all projects together", async () => {
  const full = await createTestDatabase();
  const { db, services } = full;
  const make = async (projectId: string): Promise<object> => {
    const input = { projectId, name: newName(), limitNanoUsd: "1" };
    return createBudget(services, createBudgetSchema.parse(input), "ann");
  };
  for (const id of ["one", "two", "three", "four", "five"]) {
    await ensureProject(services, { id, name: id });
  }
  expect(await make("one")).toMatchObject({ kind: "created" });
  await db.execute(copies("one", 9_999));
  expect(await make("one")).toMatchObject({
    kind: "too_many",
    problem: expect.stringContaining("the project has 10000 budgets") as string,
  });
  for (const id of ["two", "three"]) await db.execute(copies(id, 10_000));
  await db.execute(copies("four", 9_999));
  expect(await make("four")).toMatchObject({ kind: "created" });
  expect(await make("five")).toMatchObject({
    kind: "too_many",
    problem: expect.stringContaining("this installation have 40000 budgets") as string,
  });
  await full.close();
});

describe("overrides", () => {
  test("raise the limit while they run; of several the highest holds", async () => {
    const { id } = await makeBudget();
    await raise(id);
    await raise(id, { limitNanoUsd: "9000000000" });
    await raise(id, { limitNanoUsd: "99000000000", startsAt: "2026-11-01T06:00:00Z" });
    expect(await inSnapshot(id)).toMatchObject({ limitNanoUsd: "9000000000" });
    const found = await findBudget(database.db, { projectId: "shop", budgetId: id, at: DAY });
    expect(found?.overrides).toHaveLength(3);
  });

  test("end early, and stay in the list with who ended them", async () => {
    const { id } = await makeBudget();
    const made = await raise(id);
    const overrideId = made.kind === "created" ? made.overrideId : "";
    const input = { projectId: "shop", budgetId: id, overrideId };
    expect(await endOverride(database.services, { ...input, projectId: "other" }, "cy")).toBe(
      false,
    );
    expect(await endOverride(database.services, input, "cy")).toBe(true);
    expect(await endOverride(database.services, input, "cy")).toBe(false);
    expect(await inSnapshot(id)).toMatchObject({ limitNanoUsd: "5000000000" });
    expect(await listOverrides(database.db, { projectId: "shop", budgetId: id })).toMatchObject([
      { reason: "launch day", createdBy: "bob", endedBy: "cy" },
    ]);
    expect(await lastEntry()).toMatchObject({ action: "budget.end_override", subjectId: id });
  });

  test("that have not begun never do once they are ended", async () => {
    const { id } = await makeBudget();
    const made = await raise(id, { startsAt: "2026-11-01T06:00:00Z" });
    const overrideId = made.kind === "created" ? made.overrideId : "";
    await endOverride(database.services, { projectId: "shop", budgetId: id, overrideId }, "cy");
    const [ended] = await listOverrides(database.db, { projectId: "shop", budgetId: id });
    expect(ended?.endsAt).toEqual(ended?.startsAt);
  });

  test.each([
    [{ endsAt: "2026-10-31T00:00:00Z" }, "endsAt", "is in the past"],
    [{ startsAt: "2026-10-31T00:00:00Z" }, "startsAt", "is in the past"],
    [{ endsAt: "2027-11-01T00:00:00Z" }, "endsAt", "is more than 92 days after the start"],
    [{ limitNanoUsd: "5000000000" }, "limitNanoUsd", /is not above the limit/],
  ])("with %o are refused at %s", async (terms, field, problem) => {
    const { id } = await makeBudget();
    const refused = await raise(id, terms);
    expect(refused).toMatchObject({
      kind: "invalid",
      field,
      problem: expect.stringMatching(problem) as string,
    });
    expect(await listOverrides(database.db, { projectId: "shop", budgetId: id })).toEqual([]);
  });

  test("are for a budget of the project only", async () => {
    const { id } = await makeBudget();
    expect(await raise(id, { projectId: "other" })).toEqual({ kind: "not_found" });
  });
});

const monthly = { kind: "month", timeZone: "UTC", monthDay: 1 };

test.each<[string, object]>([
  ['period: Unrecognized key: "weekStartsOn"', { period: { ...monthly, weekStartsOn: 1 } }],
  ["period.monthDay: Too big", { period: { ...monthly, monthDay: 32 } }],
  ['period.timeZone: "Mars/Olympus" is not', { period: { kind: "day", timeZone: "Mars/Olympus" } }],
  ['period.timeZone: "+02:00" is not', { period: { kind: "day", timeZone: "+02:00" } }],
  [
    'period: Unrecognized key: "timeZone"',
    { period: { kind: "rolling", windowMs: 3_600_000, timeZone: "UTC" } },
  ],
  ["period.windowMs: is at least an hour", { period: { kind: "rolling", windowMs: 60_000 } }],
  ["period.windowMs: is a whole number of hours", { period: { kind: "rolling", windowMs: 5e6 } }],
  ["period.kind: Invalid discriminator", { period: { kind: "year", timeZone: "UTC" } }],
  [
    "period.endsAt: is not after startsAt",
    { period: { kind: "total", startsAt: "2026-11-02T00:00Z", endsAt: "2026-11-02T00:00Z" } },
  ],
  ["limitNanoUsd: is an amount", { limitNanoUsd: "-1" }],
  ["limitNanoUsd: is an amount", { limitNanoUsd: "0" }],
  ["limitNanoUsd: is an amount", { limitNanoUsd: "1".repeat(19) }],
  ["limitNanoUsd: is an amount", { limitNanoUsd: "1.5" }],
  ["limitNanoUsd: Invalid input", { limitNanoUsd: 5 }],
  ['scope: Unrecognized key: "weather"', { scope: { weather: "bad" } }],
  ["each: is fixed to one value by the scope", { scope: { user: "ann" }, each: "user" }],
  ["each: Invalid option", { each: "weather" }],
  ["thresholdsPercent: rises from each", { thresholdsPercent: [90, 50] }],
  ["thresholdsPercent: rises from each", { thresholdsPercent: [50, 50] }],
  ["thresholdsPercent: has at most 10", { thresholdsPercent: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] }],
  ["thresholdsPercent.0: Too big", { thresholdsPercent: [1001] }],
  ['Unrecognized key: "colour"', { colour: "red" }],
  ["name: must not be empty", { name: " " }],
])("refuses with %s", (problem, terms) => {
  const input = { projectId: "shop", name: "a", limitNanoUsd: "5", ...terms };
  const result = createBudgetSchema.safeParse(input);
  expect(result.success ? "" : issuesText(result.error)).toContain(problem);
});

test("the database itself refuses a limit that is not above zero", async () => {
  const { id } = await makeBudget();
  const broken = database.db.update(budgets).set({ limitNanoUsd: 0n }).where(eq(budgets.id, id));
  await expect(broken).rejects.toMatchObject({
    cause: { message: expect.stringContaining("budgets_limit") as string },
  });
});

test("while a budget is locked its ledger is written, and nobody else changes the budget", async () => {
  const { id: budgetId } = await makeBudget();
  const row = { projectId: "shop", budgetId, value: "", periodStartsAt: DAY };
  await database.db.transaction(async (transaction) => {
    await lockBudget(transaction, { projectId: "shop", budgetId });
    const impatient = (work: (other: typeof transaction) => Promise<unknown>): Promise<unknown> =>
      database.db.transaction(async (other) => {
        await other.execute(sql`set local lock_timeout = '1s'`);
        return work(other);
      });
    await impatient((other) => other.insert(budgetLedgers).values(row));
    await expect(
      impatient((other) => lockBudget(other, { projectId: "shop", budgetId })),
    ).rejects.toMatchObject({
      cause: { message: expect.stringContaining("lock timeout") as string },
    });
  });
});
