import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createEvaluateJob, type EvaluateJob } from "#lib/server/alerts/evaluate/evaluate-job.ts";
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
  settlement = new Settlement({ ...rig.context, lake });
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

const POLL = { timeout: 20_000, interval: 50 };
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
