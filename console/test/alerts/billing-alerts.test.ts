import { eq } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { alertWords } from "#lib/server/alerts/alert-words.ts";
import { createAgenda } from "#lib/server/alerts/evaluate/agenda.ts";
import { createBillingLook } from "#lib/server/alerts/evaluate/billing-alerts.ts";
import { createLook } from "#lib/server/alerts/evaluate/look.ts";
import {
  billingMeterEvents,
  billingSetups,
  type MeterEventState,
} from "#lib/server/db/schema/billing.ts";
import { newestAlerts } from "#lib/server/services/alerts/list.ts";
import { createAlertRig, type AlertRig } from "../support/alert-rig.ts";
import { useSampleLake } from "../support/use-sample-lake.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let rig: AlertRig;
let look: () => Promise<void>;
let events = 0;
const sample = useSampleLake();

beforeAll(async () => {
  rig = await createAlertRig();
});
afterAll(async () => {
  await rig.close();
});
beforeEach(async () => {
  await rig.reset();
  await rig.context.db.delete(billingMeterEvents);
  await rig.context.db.delete(billingSetups);
  await rig.context.db.insert(billingSetups).values({
    projectId: "shop",
    id: "bill_1",
    sealedKey: Buffer.alloc(1),
    keyHint: "sk_test_...4242",
    eventName: "ai_usage",
    meterId: "mtr_1",
    priceId: "price_1",
    markupBasisPoints: 0,
    startsOn: "2026-11-01",
    isPaused: false,
    createdAt: rig.context.now(),
  });
  const lookAt = createBillingLook({ services: rig.context, known: new Map() });
  look = () => lookAt(["shop"]);
});

const setUp = (values: Partial<typeof billingSetups.$inferSelect>) =>
  rig.context.db.update(billingSetups).set(values).where(eq(billingSetups.projectId, "shop"));

/** A charge of a dollar for yesterday, made now. */
async function charge(
  state: MeterEventState,
  values: Partial<typeof billingMeterEvents.$inferInsert> = {},
): Promise<void> {
  const now = rig.context.now();
  await rig.context.db.insert(billingMeterEvents).values({
    identifier: `event-${(events += 1)}`,
    projectId: "shop",
    tenant: "acme",
    day: new Date(now.getTime() - DAY_MS).toISOString().slice(0, 10),
    customerId: "cus_acme",
    valueMicroUsd: 1_000_000n,
    occurredAt: now,
    createdAt: now,
    nextAttemptAt: now,
    state,
    ...values,
  });
}

const dayOf = (daysAgo: number): string =>
  new Date(rig.context.now().getTime() - daysAgo * DAY_MS).toISOString().slice(0, 10);

/** Looks, a quarter of an hour after the last look. */
async function told(): Promise<string[]> {
  rig.advance(HOUR_MS / 4);
  await look();
  const alerts = await newestAlerts(rig.context.db, { projectId: "shop" }, { limit: 50 });
  return alerts.map(({ facts, severity }) =>
    facts.kind === "billing.trouble" ? `${facts.details.trouble} ${severity}` : facts.kind,
  );
}

const words = async () => {
  const [alert] = await newestAlerts(rig.context.db, { projectId: "shop" }, { limit: 1 });
  if (alert === undefined) throw new Error("nothing was told");
  return alertWords(alert.facts);
};

test("charges that Stripe refuses are told together: how much, of whom, and why", async () => {
  await charge("sent");
  await charge("refused", { problem: "No such customer: 'cus_acme'", day: dayOf(3) });
  await charge("refused", { problem: "No such customer: 'cus_acme'" });
  for (let tenant = 10; tenant < 21; tenant += 1)
    await charge("refused", { tenant: `tenant-${tenant}`, valueMicroUsd: 500_000n });
  expect(await told()).toEqual(["refused warning"]);
  expect(await words()).toMatchObject({
    title: "Stripe refuses charges",
    facts: [
      ["Missing", "$7.50 in 13 charges"],
      ["Tenants", expect.stringMatching(/^acme, tenant-10, .*tenant-18 and 2 more$/)],
      ["Since", dayOf(3)],
      ["Reason", "No such customer: 'cus_acme'"],
    ],
    page: "billing",
  });
});

test("a trouble is told once a day while it lasts, and by no other console again", async () => {
  await charge("refused");
  expect(await told()).toHaveLength(1);
  expect(await told()).toHaveLength(1);
  const lookAt = createBillingLook({ services: rig.context, known: new Map() });
  await lookAt(["shop"]);
  expect(await told()).toHaveLength(1);
  rig.advance(DAY_MS);
  expect(await told()).toHaveLength(2);
});

test.each(["waiting", "unsure"] as const)(
  "a charge that is %s for a day is late",
  async (state) => {
    await charge(state, { problem: "no answer from Stripe" });
    rig.advance(DAY_MS - HOUR_MS / 2);
    expect(await told()).toEqual([]);
    expect(await told()).toEqual(["late warning"]);
    expect((await words()).facts).toContainEqual(["Missing", "$1.00 in 1 charge"]);
  },
);

test("a key that is refused is told after an hour, and what waits for it is told with it", async () => {
  await charge("waiting");
  rig.advance(2 * DAY_MS);
  await setUp({ problem: "Stripe refuses the key (401)" });
  await look();
  expect(await told(), "late, as the problem is new").toEqual(["late warning"]);
  rig.advance(DAY_MS);
  expect(await told()).toEqual(["stopped warning", "late warning"]);
  expect((await words()).facts).toEqual([["Reason", "Stripe refuses the key (401)"]]);
});

test("a problem that passes within an hour is told to nobody", async () => {
  await setUp({ problem: "the lake cannot be read" });
  for (let quarter = 0; quarter < 3; quarter += 1) expect(await told()).toEqual([]);
  await setUp({ problem: null });
  expect(await told()).toEqual([]);
  await setUp({ problem: "the lake cannot be read" });
  for (let quarter = 0; quarter < 4; quarter += 1) expect(await told()).toEqual([]);
  expect(await told()).toEqual(["stopped warning"]);
});

test("it is critical in the last week in which Stripe takes a charge, and silent after it", async () => {
  await charge("refused", { day: dayOf(26) });
  expect(await told()).toEqual(["refused warning"]);
  rig.advance(2 * DAY_MS);
  expect(await told()).toEqual(["refused critical", "refused warning"]);
  rig.advance(10 * DAY_MS);
  expect(await told()).toHaveLength(2);
});

test("a paused project, and one that is not looked at, tell nothing", async () => {
  await charge("refused");
  await setUp({ isPaused: true });
  expect(await told()).toEqual([]);
  await setUp({ isPaused: false });
  const lookAt = createBillingLook({ services: rig.context, known: new Map() });
  await lookAt([]);
  expect(await newestAlerts(rig.context.db, { projectId: "shop" }, { limit: 1 })).toEqual([]);
});

test("the job that looks after alerts looks at charges, too", async () => {
  await charge("refused");
  const lookAtAll = createLook(
    {
      services: rig.context,
      lake: sample.reader,
      exhausted: { has: () => false },
      troubles: async () => [],
    },
    createAgenda(),
  );
  expect(await lookAtAll.attempt(() => false)).toBe(true);
  const alerts = await newestAlerts(rig.context.db, { projectId: "shop" }, { limit: 50 });
  expect(alerts.map(({ facts }) => facts.kind)).toEqual(["billing.trouble"]);
});
