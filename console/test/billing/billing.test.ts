import { randomBytes } from "node:crypto";
import { verifyStatement } from "@lensai/otel-config/statements/verify-statement";
import { keyPairOf } from "@lensai/otel-config/signing/ed25519";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { billProjects } from "#lib/server/billing/billing.ts";
import { createStripeOpener } from "#lib/server/billing/stripe.ts";
import { auditEntries } from "#lib/server/db/schema/audit-entries.ts";
import { billingMeterEvents, billingSetups } from "#lib/server/db/schema/billing.ts";
import { createSecretBox } from "#lib/server/secrets/secret-box.ts";
import { checkCustomer } from "#lib/server/services/billing/check-customer.ts";
import type { BillingContext } from "#lib/server/services/billing/context.ts";
import {
  removeBillingCustomer,
  setBillingCustomer,
} from "#lib/server/services/billing/customers.ts";
import { chargedTenants, signedStatement } from "#lib/server/services/billing/lines.ts";
import {
  createBilling,
  findBillingSetup,
  updateBilling,
} from "#lib/server/services/billing/setup.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { callRow } from "../support/sample-lake.ts";
import { startStripeServer, STRIPE_KEY, type StripeServer } from "../support/stripe-server.ts";
import { useSampleLake } from "../support/use-sample-lake.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const FIRST_MS = Date.parse("2026-11-10T00:00:00Z");
const NOVEMBER = { firstDay: "2026-11-01", lastDay: "2026-11-30" };

let database: TestDatabase;
let stripe: StripeServer;
let context: BillingContext;
let nowMs = 0;
let project = "";
let names = 0;
const sample = useSampleLake();

beforeAll(async () => {
  [database, stripe] = await Promise.all([createTestDatabase(), startStripeServer()]);
  context = {
    ...database.services,
    now: () => new Date(nowMs),
    randomBytes: (length) => randomBytes(length),
    secrets: createSecretBox(() => Buffer.alloc(32, 7), randomBytes),
    openStripe: createStripeOpener({ apiUrl: stripe.url, timeoutMs: 2000 }),
  };
});
afterAll(async () => {
  await Promise.all([database.close(), stripe.stop()]);
});
beforeEach(async () => {
  stripe.reset();
  stripe.customers.add("cus_acme").add("cus_globex");
  at(FIRST_MS + 12 * HOUR_MS);
  await database.db.delete(billingSetups);
  project = `project-${(names += 1)}`;
  await ensureProject(database.services, { id: project, name: project });
  await begin();
  await setBillingCustomer(
    context,
    { projectId: project, tenant: "acme", customerId: "cus_acme" },
    "ann",
  );
});

function at(ms: number): void {
  nowMs = ms;
  stripe.nowMs = ms;
}

async function begin(terms: object = {}): Promise<boolean> {
  const given = { stripeKey: STRIPE_KEY, eventName: "ai_usage", markupBasisPoints: 2000 };
  return await createBilling(
    context,
    { projectId: project, ...given, startsOn: "2026-11-01", ...terms },
    "ann",
  );
}

async function bill(): Promise<void> {
  // The reader looks for news twice a second by itself.
  await sample.reader.lookForNews();
  await billProjects(context, sample.reader, true);
}

/** A call of a tenant on a day, counted from the first. */
let ordinal = 0n;
const call = (tenant: string | undefined, day: number, costNanoUsd: bigint | null) =>
  callRow(FIRST_MS + day * DAY_MS + HOUR_MS, {
    project_id: project,
    record_ordinal: (ordinal += 1n),
    ...(tenant !== undefined && { tenant }),
    cost_nano_usd: costNanoUsd,
  });

const eventsOf = () =>
  database.db.select().from(billingMeterEvents).where(eq(billingMeterEvents.projectId, project));

const named = (customerId: string) => checkCustomer(context, { projectId: project, customerId });

describe("setting up", () => {
  test("makes a meter that sums and a price of a micro-USD, once, and keeps no key in the open", async () => {
    expect(await begin(), "it is set up already").toBe(false);
    expect(stripe.meters).toMatchObject([{ event_name: "ai_usage", formula: "sum" }]);
    expect(stripe.prices[0]?.get("unit_amount_decimal")).toBe("0.0001");
    expect(stripe.prices[0]?.get("recurring[meter]")).toBe("mtr_test_1");
    const setup = await findBillingSetup(database.db, project);
    expect(setup).toMatchObject({
      keyHint: "sk_test_...p7dc",
      version: 1,
    });
    const rows = await database.db.select().from(billingSetups);
    const log = await database.db.select().from(auditEntries);
    const text =
      JSON.stringify([setup, log]) + rows.map((row) => row.sealedKey.toString("latin1")).join("");
    expect(text).not.toContain(STRIPE_KEY);
  });

  test("a key that Stripe refuses, and a meter made for something else, are told", async () => {
    await database.db.delete(billingSetups);
    await expect(begin({ stripeKey: "sk_test_somebodyelse" })).rejects.toMatchObject({
      code: "stripe.refused",
      message: "Stripe refuses the key (401)",
      retryable: false,
    });
    stripe.meters.push({ id: "mtr_other", event_name: "tokens", formula: "count" });
    await expect(begin({ eventName: "tokens" })).rejects.toMatchObject({
      code: "stripe.refused",
      message: expect.stringContaining("does not sum"),
    });
  });

  test("Stripe that is away or busy has not refused anything: the same may be asked again", async () => {
    await database.db.delete(billingSetups);
    const away = createStripeOpener({ apiUrl: "http://127.0.0.1:9", timeoutMs: 2000 });
    const terms = { stripeKey: STRIPE_KEY, eventName: "ai_usage", markupBasisPoints: 0 };
    const input = { projectId: project, ...terms, startsOn: "2026-11-01" };
    await expect(
      createBilling({ ...context, openStripe: away }, input, "ann"),
    ).rejects.toMatchObject({
      code: "stripe.failed",
      message: "Stripe cannot be reached",
      retryable: true,
    });
    expect(await findBillingSetup(database.db, project)).toBeUndefined();
  });

  test("another key must lead to the same account", async () => {
    const update = { projectId: project, version: 1, stripeKey: "rk_test_another0" };
    stripe.keys.add("rk_test_another0");
    expect(await updateBilling(context, update, "ann")).toEqual({ outcome: "updated", version: 2 });
    expect(await updateBilling(context, update, "ann")).toEqual({
      outcome: "conflict",
      version: 2,
    });
    stripe.meters.length = 0;
    stripe.meters.push({ id: "mtr_elsewhere", event_name: "ai_usage", formula: "sum" });
    await expect(updateBilling(context, { ...update, version: 2 }, "ann")).rejects.toEqual(
      expect.objectContaining({
        code: "stripe.refused",
        message: expect.stringContaining("another Stripe account"),
      }),
    );
  });
});

describe("charging", () => {
  test("charges what the days that are over cost, with the markup, and each of them once", async () => {
    await sample.lake.land([
      call("acme", 0, 1_000_000_000n),
      call("acme", 0, 500n),
      call("acme", 1, 3_000_000_000n),
      call("nobody's", 0, 7_000_000_000n),
      call(undefined, 0, 9_000_000_000n),
    ]);
    await bill();
    expect(stripe.counted, "the day is not over").toEqual([]);
    at(FIRST_MS + DAY_MS + HOUR_MS);
    await bill();
    expect(stripe.counted, "what comes late has two hours").toEqual([]);
    at(FIRST_MS + DAY_MS + 2 * HOUR_MS);
    await bill();
    await bill();
    expect(stripe.counted).toMatchObject([
      {
        customer: "cus_acme",
        eventName: "ai_usage",
        value: 1_200_001n,
        timestamp: (FIRST_MS + DAY_MS) / 1000 - 1,
      },
    ]);
    at(FIRST_MS + 3 * DAY_MS);
    await bill();
    expect(stripe.total("cus_acme")).toBe(4_800_001n);
    expect(stripe.total("cus_globex")).toBe(0n);
  });

  test("what lands late is charged as a correction in the time of the correction", async () => {
    await sample.lake.land([call("acme", 0, 1_000_000_000n)]);
    at(FIRST_MS + 2 * DAY_MS);
    await bill();
    await sample.lake.land([call("acme", 0, 250_000_000n)]);
    at(FIRST_MS + 5 * DAY_MS);
    await bill();
    expect(stripe.counted.map(({ value, timestamp }) => [value, timestamp * 1000])).toEqual([
      [1_200_000n, FIRST_MS + DAY_MS - 1000],
      [300_000n, FIRST_MS + 5 * DAY_MS],
    ]);
  });

  test("a tenant that gets a customer later is charged from the first day on; one that loses it, no more", async () => {
    await sample.lake.land([call("globex", 0, 1_000_000_000n)]);
    at(FIRST_MS + 2 * DAY_MS);
    await bill();
    expect(stripe.counted).toEqual([]);
    const globex = { projectId: project, tenant: "globex", customerId: "cus_globex" };
    await setBillingCustomer(context, globex, "ann");
    await bill();
    expect(stripe.total("cus_globex")).toBe(1_200_000n);
    expect(await removeBillingCustomer(context, globex, "ann")).toBe(true);
    expect(await removeBillingCustomer(context, globex, "ann")).toBe(false);
    await sample.lake.land([call("globex", 2, 1_000_000_000n)]);
    at(FIRST_MS + 4 * DAY_MS);
    await bill();
    expect(stripe.total("cus_globex")).toBe(1_200_000n);
  });

  test("charges nothing before the first day, and nothing while it is paused", async () => {
    await sample.lake.land([call("acme", -12, 1_000_000_000n), call("acme", 0, 1_000_000n)]);
    await updateBilling(context, { projectId: project, version: 1, isPaused: true }, "ann");
    at(FIRST_MS + 2 * DAY_MS);
    await bill();
    expect(stripe.counted).toEqual([]);
    await updateBilling(context, { projectId: project, version: 2, isPaused: false }, "ann");
    await bill();
    expect(stripe.total("cus_acme")).toBe(1200n);
  });

  test("calls without a price are counted, and charge nothing", async () => {
    await sample.lake.land([call("acme", 0, 1_000_000n), call("acme", 0, null)]);
    at(FIRST_MS + 2 * DAY_MS);
    await bill();
    expect(await chargedTenants(database.db, project, NOVEMBER)).toMatchObject([
      { tenant: "acme", calls: 2, unpricedCalls: 1, costNanoUsd: 1_000_000n, sentMicroUsd: 1200n },
    ]);
  });

  test("two consoles at once charge once", async () => {
    await sample.lake.land([call("acme", 0, 1_000_000_000n), call("acme", 1, 2_000_000_000n)]);
    at(FIRST_MS + 3 * DAY_MS);
    await Promise.all([bill(), bill(), bill()]);
    expect(stripe.total("cus_acme")).toBe(3_600_000n);
  });
});

describe("what goes wrong on the way to Stripe", () => {
  beforeEach(async () => {
    await sample.lake.land([call("acme", 0, 1_000_000_000n)]);
    at(FIRST_MS + 2 * DAY_MS);
  });

  test("an event whose answer is lost, or that never arrives, counts once in the end", async () => {
    stripe.troubles.push("lost", "cut", { status: 500, body: "{}" }, { status: 429, body: "{}" });
    for (let attempt = 0; attempt < 8; attempt += 1) {
      await bill();
      at(nowMs + HOUR_MS);
    }
    expect(stripe.total("cus_acme")).toBe(1_200_000n);
    expect(await eventsOf()).toMatchObject([{ state: "sent", problem: null }]);
  });

  test("when Stripe no longer knows a repeat, its meter says whether the event had arrived", async () => {
    for (const trouble of ["lost", "cut"] as const) {
      // Twice: the client itself tries again where a connection was cut.
      stripe.troubles.push(trouble, "cut");
      await bill();
      expect(await eventsOf()).toMatchObject([
        { state: "waiting", problem: "Stripe cannot be reached" },
      ]);
      // Nobody was there for a day and a half.
      at(nowMs + 36 * HOUR_MS);
      await bill();
      await bill();
      await bill();
      expect([trouble, stripe.total("cus_acme")]).toEqual([trouble, 1_200_000n]);
      expect(await eventsOf()).toMatchObject([{ state: "sent" }]);
      stripe.counted.length = 0;
      await database.db.update(billingMeterEvents).set({ state: "waiting", firstAttemptAt: null });
    }
  });

  test("a meter that counts something else keeps an event unsure, and says what to compare", async () => {
    stripe.troubles.push("cut", "cut");
    await bill();
    at(nowMs + 36 * HOUR_MS);
    const timestamp = (FIRST_MS + DAY_MS) / 1000 - 1;
    stripe.counted.push({
      identifier: "theirs",
      eventName: "ai_usage",
      customer: "cus_acme",
      value: 5n,
      timestamp,
    });
    await bill();
    await bill();
    expect(await eventsOf()).toMatchObject([
      { state: "unsure", problem: expect.stringContaining("the meter counts 5 for the customer") },
    ]);
    const [tenant] = await chargedTenants(database.db, project, NOVEMBER);
    expect(tenant).toMatchObject({ open: { unsure: 1 }, sentMicroUsd: 0n });
  });

  test("a customer that Stripe does not have is refused when it is named, where Stripe can tell", async () => {
    stripe.deletedCustomers.add("cus_gone");
    await expect(named("cus_acme")).resolves.toBeUndefined();
    await expect(named("cus_typo")).rejects.toThrow("the Stripe account has no customer cus_typo");
    await expect(named("cus_gone")).rejects.toMatchObject({
      code: "stripe.refused",
      message: expect.stringContaining("no customer cus_gone"),
    });
    stripe.mayReadCustomers = false;
    await expect(named("cus_typo"), "the key may not look").resolves.toBeUndefined();
    await database.db.delete(billingSetups);
    await expect(named("cus_typo"), "there is no account yet").resolves.toBeUndefined();
  });

  test("a customer that does not exist is told, and the right one gets the charge", async () => {
    const acme = { projectId: project, tenant: "acme" };
    await setBillingCustomer(context, { ...acme, customerId: "cus_typo" }, "ann");
    await bill();
    expect(await chargedTenants(database.db, project, NOVEMBER)).toMatchObject([
      { open: { refused: 1 }, problem: "Stripe: No such customer: 'cus_typo'" },
    ]);
    await setBillingCustomer(context, { ...acme, customerId: "cus_acme" }, "ann");
    await bill();
    expect(stripe.total("cus_acme")).toBe(1_200_000n);
    expect(await chargedTenants(database.db, project, NOVEMBER)).toMatchObject([
      { open: {}, customerId: "cus_acme", sentMicroUsd: 1_200_000n },
    ]);
  });

  test("a key that was revoked is told at the project, and nothing is lost by it", async () => {
    stripe.keys.clear();
    await bill();
    at(nowMs + 48 * HOUR_MS);
    await bill();
    expect((await findBillingSetup(database.db, project))?.problem).toBe(
      "Stripe refuses the key (401)",
    );
    stripe.keys.add(STRIPE_KEY);
    at(nowMs + HOUR_MS);
    await bill();
    expect(stripe.total("cus_acme")).toBe(1_200_000n);
    expect((await findBillingSetup(database.db, project))?.problem).toBeNull();
  });
});

test("the statement of a month has each day with its meter events, and does its sums", async () => {
  await sample.lake.land([call("acme", 0, 1_000_000_000n), call("acme", 1, 5n)]);
  at(FIRST_MS + 3 * DAY_MS);
  await bill();
  await sample.lake.land([call("acme", 0, 100_000_000n)]);
  await bill();
  const key = keyPairOf(randomBytes(32));
  const asked = { projectId: project, tenant: "acme", ...NOVEMBER };
  const sealed = await signedStatement(database.db, asked, {
    now: new Date(nowMs),
    signingKey: key,
  });
  const { statement, keyId } = verifyStatement(sealed ?? "", key.keyId);
  expect(keyId).toBe(key.keyId);
  expect(statement.lines).toMatchObject([
    {
      day: "2026-11-10",
      calls: 2,
      costNanoUsd: "1100000000",
      amountNanoUsd: "1320000000",
      meterEvents: [{ valueMicroUsd: "1200000" }, { valueMicroUsd: "120000" }],
    },
    { day: "2026-11-11", amountNanoUsd: "6", meteredMicroUsd: "0", meterEvents: [] },
  ]);
  expect(statement.total).toMatchObject({ calls: 3, meteredMicroUsd: "1320000" });
  const nobody = { ...asked, tenant: "globex" };
  expect(
    await signedStatement(database.db, nobody, { now: new Date(nowMs), signingKey: key }),
  ).toBeUndefined();
});
