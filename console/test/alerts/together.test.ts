import * as fc from "fast-check";
import { isNotNull, sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { alertPath } from "#lib/server/alerts/alert-path.ts";
import { alertWords } from "#lib/server/alerts/alert-words.ts";
import { budgetAlerts, type BudgetReading } from "#lib/server/alerts/evaluate/budget-alerts.ts";
import { recordUnknown, type KnownKeys } from "#lib/server/alerts/evaluate/evaluate-project.ts";
import { alertDeliveries } from "#lib/server/db/schema/alert-deliveries.ts";
import { alertEvents } from "#lib/server/db/schema/alert-events.ts";
import { newestAlerts } from "#lib/server/services/alerts/list.ts";
import { tellTogether } from "#lib/server/services/alerts/together.ts";
import type { AlertOccurrence } from "#lib/server/services/alerts/record-alerts.ts";
import type { ServiceContext } from "#lib/server/services/context.ts";
import { createAlertRig, type AlertRig } from "../support/alert-rig.ts";

let rig: AlertRig;
beforeAll(async () => {
  rig = await createAlertRig();
});
beforeEach(() => rig.reset());
afterAll(() => rig.close());

const DOLLAR = 1_000_000_000n;
const MINUTE_MS = 60_000;

/** What a user has spent of the $100 that each user has in November. */
function readingOf(value: string, spentNanoUsd: bigint): BudgetReading {
  return {
    budget: {
      id: "budget_1",
      name: "Users",
      scope: {},
      mode: "enforce",
      thresholdsPercent: [50, 80],
    },
    each: { key: "user", value },
    limitNanoUsd: 100n * DOLLAR,
    spentNanoUsd,
    period: {
      id: "2026-11",
      startsAt: new Date("2026-11-01T00:00:00Z"),
      resetsAt: new Date("2026-12-01T00:00:00Z"),
    },
    isExhausted: false,
  };
}

const usersAt = (count: number, spentNanoUsd: bigint): BudgetReading[] =>
  Array.from({ length: count }, (_, index) =>
    readingOf(`user-${String(index).padStart(5, "0")}`, spentNanoUsd + BigInt(index)),
  );

/** One look, as the job looks. */
async function look(
  readings: readonly BudgetReading[],
  known: KnownKeys = new Map(),
  services: ServiceContext = rig.context,
): Promise<boolean> {
  const occurrences = readings.flatMap((reading) => budgetAlerts(reading));
  return await recordUnknown(services, known, { projectId: "shop", occurrences });
}

const messages = async (): Promise<number> => rig.context.db.$count(alertDeliveries);
const POLL = { interval: 50 };

test("2,000 users that cross 80 % in one look are one message, which names the first and counts the others", async () => {
  await rig.slackChannel();
  await look(usersAt(2000, 81n * DOLLAR));
  expect(await rig.context.db.$count(alertEvents)).toBe(4000);
  const job = rig.job();
  job.wake();
  await expect.poll(() => rig.slack.postings.length, POLL).toBe(1);
  // The lower threshold of each of them was passed as well, and is told by the same message.
  const [lead, ...others] = await newestAlerts(
    rig.context.db,
    { projectId: "shop", isOnePerMessage: true },
    { limit: 5000 },
  );
  if (lead === undefined) throw new Error("nobody was told");
  expect(others).toEqual([]);
  const { title, text, facts } = alertWords(lead.facts);
  expect(facts).toContainEqual(["Resets", "2026-12-01 00:00:00 UTC"]);
  expect(title).toBe("Budget Users, 2,000 users: 80 % is spent");
  expect(text).toMatch(
    /^\$81\.00 of \$100\.00 is spent by user-01999; user-01998 \$81\.00, .*user-01990 \$81\.00 and 1,990 more follow\.$/,
  );
  expect(alertPath({ projectId: "shop", ...lead.facts })).toBe("/projects/shop/budgets/budget_1");
  expect(rig.slack.postings[0]?.text).toContain("2,000 users");
});

test("nobody hears of the same value twice: after a restart, and when one value is new", async () => {
  await rig.slackChannel();
  await look(usersAt(40, 81n * DOLLAR));
  expect(await messages()).toBe(1);
  await look(usersAt(40, 82n * DOLLAR));
  expect(await messages()).toBe(1);
  await look(usersAt(41, 82n * DOLLAR));
  expect(await messages()).toBe(2);
  const [single] = await newestAlerts(rig.context.db, { projectId: "shop" }, { limit: 1 });
  expect(single?.facts.details).not.toHaveProperty("alsoReached");
});

test("a few values are told one by one, and another threshold is another message", async () => {
  await rig.slackChannel();
  await look(usersAt(5, 81n * DOLLAR));
  expect(await messages()).toBe(5);
  await look(usersAt(5, 101n * DOLLAR));
  expect(await messages()).toBe(10);
  rig.advance(10 * MINUTE_MS);
  await look([...usersAt(300, 101n * DOLLAR), readingOf("late", 55n * DOLLAR)]);
  expect(await messages()).toBe(12);
});

test("over time, too: users that cross one after the other within three hours are 24 messages at most, and each is told", async () => {
  await rig.slackChannel();
  const known: KnownKeys = new Map();
  const counts: number[] = [];
  for (let minute = 0; minute < 180; minute += 5) {
    await look(usersAt((minute / 5 + 1) * 6, 81n * DOLLAR), known);
    counts.push(await messages());
    rig.advance(5 * MINUTE_MS);
  }
  // One of a crowd, then one in ten minutes; what is held waits for no more of them.
  rig.advance(10 * MINUTE_MS);
  await look(usersAt(counts.length * 6, 81n * DOLLAR), known);
  const perHour = counts.map((count, index) => count - (counts[index - 12] ?? 0));
  expect(Math.max(...perHour)).toBeLessThanOrEqual(11);
  expect(await messages()).toBeLessThanOrEqual(24);
  const { rows } = await told();
  const highest = rows.filter(({ percent }) => percent === 80);
  expect(highest).toHaveLength(counts.length * 6);
  expect(new Set(highest.map(({ tellings }) => tellings))).toEqual(new Set([1]));
});

const crossing = (count: number, resetsAt = new Date("2026-12-01T00:00:00Z")): BudgetReading[] =>
  usersAt(count, 81n * DOLLAR).map((reading) =>
    Object.assign(reading, { period: { ...reading.period, resetsAt } }),
  );

test("what is held is found again after a restart, and told in the last minute of the period at the latest", async () => {
  await rig.slackChannel();
  await look(crossing(5));
  expect(await messages()).toBe(5);
  expect(await look(crossing(6))).toBe(true);
  expect(await messages()).toBe(5);
  rig.advance(10 * MINUTE_MS);
  expect(await look(crossing(7))).toBe(false);
  expect(await messages()).toBe(6);
  const ending = crossing(8, new Date(rig.context.now().getTime() + 3 * MINUTE_MS));
  expect(await look(ending)).toBe(true);
  rig.advance(MINUTE_MS);
  expect(await look(ending)).toBe(false);
  expect(await messages()).toBe(7);
});

const unpriced = (model: string, calls: number): AlertOccurrence => ({
  kind: "spend.unpriced",
  key: `unpriced 2026-11 ${model}`,
  severity: "warning",
  details: { model, calls, inputTokens: "1", outputTokens: "1" },
});
const rejected = (serviceName: string, records: number): AlertOccurrence => ({
  kind: "ingest.trouble",
  key: `ingest rejected 2026-11-29 ${serviceName}`,
  severity: "warning",
  details: { trouble: "rejected", serviceName, records },
});

test("two hundred models without a price are one message, and so are services whose records are refused", async () => {
  await rig.slackChannel();
  const numbers = Array.from({ length: 200 }, (_, index) => index + 1);
  await rig.record(
    ...numbers.map((calls) => unpriced(`model-${calls}`, calls)),
    ...numbers.map((records) => rejected(`service-${records}`, records)),
  );
  expect(await messages()).toBe(2);
  const alerts = await newestAlerts(
    rig.context.db,
    { projectId: "shop", isOnePerMessage: true },
    { limit: 10 },
  );
  const words = alerts.map(({ facts }) => alertWords(facts));
  expect(words).toContainEqual(
    expect.objectContaining({
      title: "No price for 200 models",
      text: expect.stringContaining("200 calls of model-200, and those of 199 more models, cost"),
    }),
  );
  expect(words.flatMap(({ facts }) => facts)).toContainEqual([
    "Also",
    "199 other services or reasons",
  ]);
});

test("what no period ends of is one message in ten minutes, too", async () => {
  await rig.slackChannel();
  for (let model = 0; model < 5; model += 1) await rig.record(unpriced(`model-${model}`, 1));
  rig.advance(9 * MINUTE_MS);
  await rig.record(unpriced("model-5", 1));
  expect(await messages()).toBe(5);
  rig.advance(MINUTE_MS);
  await rig.record(unpriced("model-5", 1), unpriced("model-6", 1));
  expect(await messages()).toBe(6);
});

test("more values than one statement can carry are recorded all the same", async () => {
  await rig.slackChannel();
  await look(usersAt(3200, 101n * DOLLAR));
  expect(await rig.context.db.$count(alertEvents)).toBe(9600);
  expect(await messages()).toBe(1);
  expect(await rig.context.db.$count(alertEvents, isNotNull(alertEvents.toldWithId))).toBe(9599);
});

test("two consoles that look at once tell once", async () => {
  await rig.slackChannel();
  await Promise.all([look(usersAt(500, 81n * DOLLAR)), look(usersAt(500, 81n * DOLLAR))]);
  expect(await messages()).toBe(1);
  expect(await rig.context.db.$count(alertEvents, isNotNull(alertEvents.toldWithId))).toBe(999);
});

/** Dies before the transaction is committed, or after it and before anybody hears of that. */
function dying(when: "before" | "after"): ServiceContext {
  const { db } = rig.context;
  const transaction: typeof db.transaction = async (work, config) => {
    await db.transaction(async (inner) => {
      const result = await work(inner);
      if (when === "before") throw new Error("killed");
      return result;
    }, config);
    throw new Error("killed");
  };
  return { ...rig.context, db: Object.assign(Object.create(db) as typeof db, { transaction }) };
}

const looks = fc.array(
  fc.record({
    users: fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { maxLength: 15 }),
    dollars: fc.constantFrom(10n, 55n, 85n, 100n),
    fault: fc.constantFrom(undefined, undefined, "before" as const, "after" as const),
    isRestarted: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
);

test("whatever is killed and started again, each value and threshold is told by one message at most, and by one at last", async () => {
  await fc.assert(
    fc.asyncProperty(looks, async (given) => {
      await rig.reset();
      await rig.slackChannel();
      let known: KnownKeys = new Map();
      const spent = new Map<number, bigint>();
      const readings = (): BudgetReading[] =>
        Array.from(spent, ([user, dollars]) => readingOf(`user-${user}`, dollars * DOLLAR));
      for (const { users, dollars, fault, isRestarted } of given) {
        if (isRestarted) known = new Map();
        for (const user of users) {
          const before = spent.get(user) ?? 0n;
          spent.set(user, before > dollars ? before : dollars);
        }
        if (fault === undefined) await look(readings(), known);
        else await look(readings(), known, dying(fault)).catch(() => (known = new Map()));
      }
      // What was held back is told once it may be.
      rig.advance(10 * MINUTE_MS);
      await look(readings(), known);
      const { rows } = await told();
      const expected = Array.from(spent.values()).flatMap((dollars) =>
        [50n, 80n, 100n].filter((percent) => dollars >= percent),
      ).length;
      expect(rows.length).toBe(expected);
      for (const row of rows) expect(row.tellings).toBeLessThanOrEqual(1);
      // The highest that each value reached was told, by its own message or by another one's.
      for (const [user, dollars] of spent) {
        if (dollars < 50n) continue;
        const own = rows.filter(({ value }) => value === `user-${user}`);
        const highest = own.reduce((one, other) => (other.percent > one.percent ? other : one));
        expect(highest).toMatchObject({ tellings: 1 });
      }
    }),
    { numRuns: 20 },
  );
});

interface Told {
  readonly value: string;
  readonly percent: number;
  /** Messages that tell of it: its own, and that of the one it was told with. */
  readonly tellings: number;
}

async function told(): Promise<{ rows: Told[] }> {
  const rows = await rig.context.db.execute<{ value: string; percent: number; tellings: number }>(
    sql`select e.details -> 'each' ->> 'value' as value,
      coalesce((e.details ->> 'thresholdPercent')::int, 100) as percent,
      (select count(*)::int from alert_deliveries d
        where d.event_id = e.id or d.event_id = e.told_with_id) as tellings
      from alert_events e`,
  );
  return { rows: [...rows] };
}

const amount = fc.bigInt({ min: 80n * DOLLAR, max: 99n * DOLLAR });

test("every event is in one message, and a message tells of what reached the same", () => {
  fc.assert(
    fc.property(fc.array(amount, { maxLength: 30 }), (amounts) => {
      const alerts = amounts.flatMap((spentNanoUsd, index) =>
        budgetAlerts(readingOf(`user-${index}`, spentNanoUsd)).map((occurrence) => ({
          id: occurrence.key,
          occurrence,
        })),
      );
      const messagesOf = tellTogether(alerts);
      const ids = messagesOf.flatMap(({ lead, otherIds }) => [lead.id, ...otherIds]);
      expect(ids.toSorted()).toEqual(alerts.map(({ id }) => id).toSorted());
      for (const { lead, otherIds } of messagesOf) {
        if (otherIds.length === 0) continue;
        const { alsoReached, spentNanoUsd } = lead.occurrence.details as unknown as {
          alsoReached: { values: number; top: { spentNanoUsd: string }[] };
          spentNanoUsd: string;
        };
        expect(otherIds.length).toBeGreaterThanOrEqual(5);
        expect(alsoReached.values).toBe(otherIds.length);
        const ranked = [spentNanoUsd, ...alsoReached.top.map((one) => one.spentNanoUsd)];
        const sorted = amounts.toSorted((a, b) => (a > b ? -1 : 1)).slice(0, ranked.length);
        expect(ranked.map(BigInt)).toEqual(sorted);
      }
    }),
  );
});
