import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { refusingBudgets } from "#lib/server/alerts/refusing-budgets.ts";
import { budgetLedgers } from "#lib/server/db/schema/budget-ledgers.ts";
import { createOverride } from "#lib/server/services/budgets/create-override.ts";
import { createBudget } from "#lib/server/services/budgets/create.ts";
import { createBudgetSchema } from "#lib/server/services/budgets/schemas.ts";
import { createAlertRig, type AlertRig } from "../support/alert-rig.ts";

const DOLLAR = 1_000_000_000n;
const DAY_MS = 86_400_000;

let rig: AlertRig;
beforeAll(async () => {
  rig = await createAlertRig();
});
beforeEach(() => rig.reset());
afterAll(() => rig.close());

/** Of a dollar a day. */
async function budget(values: object = {}): Promise<string> {
  const given = {
    projectId: "shop",
    limitNanoUsd: DOLLAR.toString(),
    period: { kind: "day", timeZone: "UTC" },
  };
  const input = createBudgetSchema.parse({ name: "support", mode: "enforce", ...given, ...values });
  const created = await createBudget(rig.context, input, "ann");
  if (created.kind !== "created") throw new Error(created.kind);
  return created.budget.id;
}

const dayStart = (): Date => new Date(Math.floor(rig.context.now().getTime() / DAY_MS) * DAY_MS);

async function spend(budgetId: string, settledNanoUsd: bigint, value = ""): Promise<void> {
  const row = { projectId: "shop", budgetId, value, periodStartsAt: dayStart(), settledNanoUsd };
  await rig.context.db.insert(budgetLedgers).values(row);
}

/** What is recorded when a call was refused, at the limit that held then. */
async function refuse(budgetId: string, limitNanoUsd: bigint): Promise<void> {
  await rig.record({
    kind: "budget.exceeded",
    key: `${budgetId} ${limitNanoUsd}`,
    severity: "critical",
    details: {
      budgetId,
      budgetName: "support",
      scope: {},
      mode: "enforce",
      limitNanoUsd: limitNanoUsd.toString(),
      spentNanoUsd: "0",
      periodStartsAt: dayStart().toISOString(),
    },
  });
}

const refusing = async (): Promise<string[]> => {
  const now = rig.context.now();
  const found = await refusingBudgets(rig.context.db, { projectId: "shop", now });
  return found.map(({ budget: { name }, readings }) =>
    [name, ...readings.flatMap(({ each }) => each?.value ?? [])].join(" "),
  );
};

test("a budget refuses when all of it is spent, and only when it is enforced", async () => {
  const id = await budget();
  const watched = await budget({ name: "watched", mode: "warn" });
  await spend(id, DOLLAR - 1n);
  await spend(watched, 2n * DOLLAR);
  expect(await refusing()).toEqual([]);
  await rig.context.db.update(budgetLedgers).set({ settledNanoUsd: DOLLAR });
  expect(await refusing()).toEqual(["support"]);
});

test("a budget whose rest was too little for a call refuses, until it is raised or begins anew", async () => {
  const id = await budget();
  // Its period has begun earlier: what happened in it may be of an earlier day.
  await budget({ name: "all", period: { kind: "month", timeZone: "UTC" } });
  await spend(id, DOLLAR - 1n);
  await refuse(id, DOLLAR);
  expect(await refusing()).toEqual(["support"]);
  const endsAt = new Date(rig.context.now().getTime() + 3_600_000).toISOString();
  const raise = { projectId: "shop", budgetId: id, limitNanoUsd: 2n * DOLLAR, endsAt };
  await createOverride(rig.context, { ...raise, reason: "a launch" }, "ann");
  expect(await refusing()).toEqual([]);
  rig.advance(2 * 3_600_000);
  expect(await refusing(), "the raise is over").toEqual(["support"]);
  rig.advance(DAY_MS);
  await spend(id, DOLLAR - 1n);
  expect(await refusing(), "another day").toEqual([]);
});

test("a budget for each user names those that it refuses, whoever spent most first", async () => {
  const id = await budget({ each: "user" });
  await spend(id, DOLLAR, "ada");
  await spend(id, DOLLAR / 2n, "bob");
  await spend(id, 3n * DOLLAR, "carl");
  expect(await refusing()).toEqual(["support carl ada"]);
});
