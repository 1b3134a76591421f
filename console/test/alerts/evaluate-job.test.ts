import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { KEPT_FOR_EVER } from "@lensai/analytics/retention/retention-policy";
import type { AlertDetails, AlertFacts } from "@lensai/otel-config/alerts/alert";
import { createEvaluateJob, type EvaluateJob } from "#lib/server/alerts/evaluate/evaluate-job.ts";
import { alertWords } from "#lib/server/alerts/alert-words.ts";
import { evaluateProject } from "#lib/server/alerts/evaluate/evaluate-project.ts";
import {
  createExhaustedBudgets,
  type ExhaustedBudgets,
} from "#lib/server/alerts/evaluate/exhausted-budgets.ts";
import { refusingBudgets } from "#lib/server/alerts/refusing-budgets.ts";
import { budgetLedgers } from "#lib/server/db/schema/budget-ledgers.ts";
import { createOverride } from "#lib/server/services/budgets/create-override.ts";
import { updateBudget } from "#lib/server/services/budgets/update.ts";
import { createLakeReader, type LakeReader } from "#lib/server/lake/lake-reader.ts";
import { Settlement } from "#lib/server/lake/settlement.ts";
import { createLiveFeed, type LiveFeed } from "#lib/server/lake/live-feed.ts";
import { newestAlerts } from "#lib/server/services/alerts/list.ts";
import { createBudget } from "#lib/server/services/budgets/create.ts";
import { createBudgetSchema } from "#lib/server/services/budgets/schemas.ts";
import { createAlertRig, type AlertRig } from "../support/alert-rig.ts";
import { callRow, createSampleLake, type SampleLake } from "../support/sample-lake.ts";

let rig: AlertRig;
let sample: SampleLake;
let lake: LakeReader;
let live: LiveFeed;
let settlement: Settlement;
const jobs: EvaluateJob[] = [];
const NOTHING_EXHAUSTED = { has: () => false };

beforeAll(async () => {
  rig = await createAlertRig();
  sample = await createSampleLake();
  lake = createLakeReader(sample.settings);
  settlement = new Settlement({ ...rig.context, lake, retention: KEPT_FOR_EVER });
  live = createLiveFeed({ lookForNews: () => lake.lookForNews(), restMs: 50 });
  live.start();
});
beforeEach(async () => {
  await Promise.all(jobs.splice(0).map((job) => job.stop()));
  await rig.reset();
});
afterAll(async () => {
  await Promise.all(jobs.map((job) => job.stop()));
  await live.stop();
  await lake.close();
  await sample.remove();
  await rig.close();
});

function evaluating(exhausted = NOTHING_EXHAUSTED): EvaluateJob {
  const job = createEvaluateJob({
    services: rig.context,
    lake,
    follow: (notify) => live.follow(notify),
    troubles: async () => [],
    exhausted,
  });
  jobs.push(job);
  job.start();
  return job;
}

let spans = 0;
async function spend(costNanoUsd: bigint, values: object = {}): Promise<void> {
  spans += 1;
  const span_id = spans.toString(16).padStart(16, "0");
  const row = callRow(rig.context.now().getTime(), {
    project_id: "shop",
    span_id,
    cost_nano_usd: costNanoUsd,
    ...values,
  });
  await sample.land([row]);
}

/** Counts what has landed, as the console does every second, and tells. */
async function settle(job: EvaluateJob): Promise<void> {
  await lake.refresh();
  const changes = await settlement.settle();
  job.add(new Set(changes.map(({ key }) => key.projectId)));
}

const POLL = { interval: 50 };
const titles = async (): Promise<unknown[]> => {
  const alerts = await newestAlerts(rig.context.db, { projectId: "shop" }, { limit: 50 });
  return alerts
    .filter(({ facts }) => facts.kind.startsWith("budget."))
    .map(
      ({ facts }) =>
        `${facts.kind}${"each" in facts.details ? ` ${facts.details.each?.value}` : ""}`,
    )
    .toSorted((one, other) => one.localeCompare(other));
};

async function budget(values: object): Promise<string> {
  const input = createBudgetSchema.parse({
    projectId: "shop",
    name: `budget ${(spans += 1)}`,
    limitNanoUsd: "1000000000",
    ...values,
  });
  const created = await createBudget(rig.context, input, "ann");
  if (created.kind !== "created") throw new Error(created.kind);
  return created.budget.id;
}

test("spend that is counted is told once it reaches a threshold, by value where a budget has them", async () => {
  await budget({ scope: { team: "red" } });
  await budget({ scope: { team: "blue" }, each: "user" });
  const job = evaluating();
  await spend(400_000_000n, { team: "red" });
  await spend(950_000_000n, { team: "blue", user_id: "ada" });
  await spend(1_200_000_000n, { team: "blue", user_id: "bob" });
  await settle(job);
  const expected = [
    "budget.exceeded bob",
    "budget.threshold ada",
    "budget.threshold ada",
    "budget.threshold bob",
    "budget.threshold bob",
  ];
  await expect.poll(titles, POLL).toEqual(expected);
  await spend(100_000_000n, { team: "red" });
  await settle(job);
  const red = [...expected.slice(0, 1), "budget.threshold", ...expected.slice(1)];
  await expect.poll(titles, POLL).toEqual(red);
  expect(job.problem()).toBeUndefined();
});

test("a budget that refuses a call is told of, though some of it is left", async () => {
  await budget({ scope: { team: "pink" }, mode: "enforce" });
  await budget({ scope: { team: "pink" }, mode: "observe" });
  const job = evaluating({ has: () => true });
  await spend(490_000_000n, { team: "pink" });
  await settle(job);
  await expect.poll(titles, POLL).toEqual(["budget.exceeded"]);
});

test("a budget that is made when its amount is spent already is told of when it is counted", async () => {
  await spend(3_000_000_000n, { team: "green" });
  await rig.slackChannel();
  const job = evaluating();
  await budget({ scope: { team: "green" }, period: { kind: "hour" } });
  await settle(job);
  await expect.poll(titles, POLL).toContain("budget.exceeded");
});

test("what was counted while nobody looked is found at the next start, once", async () => {
  await budget({ scope: { team: "grey" } });
  await spend(2_000_000_000n, { team: "grey" });
  await lake.refresh();
  await settlement.settle();
  evaluating();
  evaluating();
  await expect.poll(async () => (await titles()).length, POLL).toBe(3);
});

test("nobody follows the lake while there is nobody to tell and nothing to keep to", async () => {
  let followers = 0;
  const job = createEvaluateJob({
    services: rig.context,
    lake,
    follow: () => {
      followers += 1;
      return () => (followers -= 1);
    },
    troubles: async () => [],
    exhausted: NOTHING_EXHAUSTED,
  });
  jobs.push(job);
  job.start();
  await rig.slackChannel();
  job.wake();
  await expect.poll(() => followers, POLL).toBe(1);
  await rig.reset();
  job.reconsider();
  await expect.poll(() => followers, POLL).toBe(0);
});

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The rig's clock at so many milliseconds before the next full hour. */
function beforeTheHour(ms: number): void {
  const nowMs = rig.context.now().getTime();
  rig.advance(Math.ceil((nowMs + ms) / HOUR_MS) * HOUR_MS - ms - nowMs);
}

/** What the ledger has of this hour. */
async function spentThisHour(budgetId: string, value: string): Promise<void> {
  const periodStartsAt = new Date(Math.floor(rig.context.now().getTime() / HOUR_MS) * HOUR_MS);
  const settledNanoUsd = 600_000_000n;
  await rig.context.db
    .insert(budgetLedgers)
    .values({ projectId: "shop", budgetId, value, periodStartsAt, settledNanoUsd });
}

/** One look of a console that has just started. */
const look = (exhausted: ExhaustedBudgets = NOTHING_EXHAUSTED): Promise<boolean> =>
  evaluateProject(
    { services: rig.context, lake, exhausted, known: new Map() },
    { projectId: "shop", isThorough: false },
  );

const budgetAlertsNow = async (): Promise<AlertDetails["budget.exceeded"][]> => {
  const alerts = await newestAlerts(rig.context.db, { projectId: "shop" }, { limit: 50 });
  return alerts.map(({ facts }) => facts.details as AlertDetails["budget.exceeded"]);
};

test("what is held back when a period ends is told after it, as what was", async () => {
  beforeTheHour(5 * MINUTE_MS);
  const budgetId = await budget({ each: "user", period: { kind: "hour" } });
  rig.advance(4 * MINUTE_MS + 30_000);
  for (const user of ["a", "b", "c", "d", "e"]) await spentThisHour(budgetId, user);
  expect(await look()).toBe(false);
  await spentThisHour(budgetId, "late");
  expect(await look(), "held back").toBe(true);
  rig.advance(MINUTE_MS);
  expect(await look()).toBe(false);
  const [newest, ...others] = await budgetAlertsNow();
  expect(others).toHaveLength(5);
  expect(newest).toMatchObject({ each: { value: "late" }, isOver: true });
  await look();
  expect(await budgetAlertsNow()).toHaveLength(6);
});

test("calls that land when their period is over are told of, by the limit that held at its end", async () => {
  beforeTheHour(5 * MINUTE_MS);
  const late = await budget({ name: "late", period: { kind: "hour" } });
  const raised = await budget({ name: "raised", period: { kind: "hour" } });
  const changed = await budget({ name: "changed", period: { kind: "hour" } });
  await createOverride(
    rig.context,
    {
      projectId: "shop",
      budgetId: raised,
      limitNanoUsd: 2_000_000_000n,
      endsAt: new Date(rig.context.now().getTime() + 10 * MINUTE_MS).toISOString(),
      reason: "a launch",
    },
    "ann",
  );
  for (const id of [late, raised, changed]) await spentThisHour(id, "");
  rig.advance(12 * MINUTE_MS);
  await updateBudget(
    rig.context,
    { projectId: "shop", budgetId: changed, version: 1, limitNanoUsd: 500_000_000n },
    "ann",
  );
  await look();
  expect(await budgetAlertsNow()).toMatchObject([{ budgetName: "late", isOver: true }]);
});

test("a call that was refused in the last period says nothing about the one that runs", async () => {
  beforeTheHour(5 * MINUTE_MS);
  const budgetId = await budget({ period: { kind: "hour" }, mode: "enforce" });
  rig.advance(5 * MINUTE_MS - 10_000);
  const exhausted = createExhaustedBudgets(() => rig.context.now().getTime());
  exhausted.add({ projectId: "shop", budgetId, value: "" });
  rig.advance(20_000);
  await look(exhausted);
  const alerts = await newestAlerts(rig.context.db, { projectId: "shop" }, { limit: 50 });
  const loud = alerts.filter(({ facts }) => facts.kind === "budget.exceeded");
  expect(loud.map(({ facts }) => facts.details)).toMatchObject([{ budgetId, isOver: true }]);
  expect(alertWords(loud[0]?.facts as AlertFacts).title).toMatch(/: calls were refused$/);
  const now = rig.context.now();
  expect(await refusingBudgets(rig.context.db, { projectId: "shop", now })).toEqual([]);
});

const exceeded = async (): Promise<number> =>
  (await titles()).filter((title) => String(title).startsWith("budget.exceeded")).length;

test("a call that was refused is told of when that was held back, and not when the limit was raised since", async () => {
  beforeTheHour(50 * MINUTE_MS);
  const budgetId = await budget({ each: "user", period: { kind: "hour" }, mode: "enforce" });
  const exhausted = createExhaustedBudgets(() => rig.context.now().getTime());
  const refuse = async (value: string): Promise<void> => {
    await spentThisHour(budgetId, value);
    exhausted.add({ projectId: "shop", budgetId, value });
  };
  rig.advance(1);
  for (const user of ["a", "b", "c", "d", "e"]) await refuse(user);
  await look(exhausted);
  await refuse("late");
  expect(await look(exhausted), "held back").toBe(true);
  rig.advance(10 * MINUTE_MS);
  await look(exhausted);
  expect(await exceeded()).toBe(6);
  await refuse("later");
  rig.advance(1);
  await updateBudget(
    rig.context,
    { projectId: "shop", budgetId, version: 1, limitNanoUsd: 1_100_000_000n },
    "ann",
  );
  rig.advance(10 * MINUTE_MS);
  await look(exhausted);
  expect(await exceeded()).toBe(6);
});
