import { createHash } from "node:crypto";
import { dailySpendByValue } from "@lensai/analytics/queries/daily-spend-by-value";
import { and, between, eq } from "drizzle-orm";
import { billingCustomers, billingLines, billingMeterEvents } from "../db/schema/billing.ts";
import type { LakeReader } from "../lake/lake-reader.ts";
import type { ServiceContext } from "../services/context.ts";
import type { Transaction } from "../services/snapshot/raise-version.ts";
import type { BillingSetupRow } from "../services/billing/setup.ts";
import { chargeableDays, occurredAt, timesOf, type DayRange } from "./billing-days.ts";
import { planCharges, type ChargeChange, type ChargedDay } from "./plan-charges.ts";

/** A first look can find a month of thousands of tenants: what is done of it stays done. */
const STORED_AT_ONCE = 500;

/**
 * Charges the days of a project that are over and not charged yet, and corrects those whose calls have changed. What is to
 * be metered goes into the outbox in the transaction of the charge. Safe to do twice, at the same time as well: a charge
 * that somebody else has changed meanwhile is left to the next time. Answers how many have changed.
 */
export async function chargeDays(
  context: Pick<ServiceContext, "db" | "now">,
  lake: LakeReader,
  setup: BillingSetupRow,
): Promise<number> {
  const { db, now } = context;
  const at = now();
  const days = chargeableDays(setup.startsOn, at.getTime());
  if (days === undefined) return 0;
  const changes = await plannedChanges(context, lake, { setup, days });
  for (let from = 0; from < changes.length; from += STORED_AT_ONCE) {
    const part = changes.slice(from, from + STORED_AT_ONCE);
    await db.transaction(async (transaction) => {
      for (const change of part) await store(transaction, { setup, change, at });
    });
  }
  return changes.length;
}

async function plannedChanges(
  { db }: Pick<ServiceContext, "db">,
  lake: LakeReader,
  { setup, days }: { setup: BillingSetupRow; days: DayRange },
): Promise<ChargeChange[]> {
  const { projectId, markupBasisPoints } = setup;
  await lake.refresh();
  const range = timesOf(days);
  const [found, charged, customers] = await Promise.all([
    lake.askOnce({ projectId, ...range }, (target) =>
      dailySpendByValue(projectId, { ...range, each: "tenant" }, target),
    ),
    db
      .select()
      .from(billingLines)
      .where(
        and(
          eq(billingLines.projectId, projectId),
          between(billingLines.day, days.firstDay, days.lastDay),
        ),
      ),
    db.select().from(billingCustomers).where(eq(billingCustomers.projectId, projectId)),
  ]);
  return planCharges({
    // A cost that nobody knows is charged when it is known.
    figures: found.flatMap(({ value: tenant, costNanoUsd = 0n, ...rest }) =>
      tenant === undefined ? [] : [{ ...rest, tenant, costNanoUsd }],
    ),
    knownDays: new Set(found.map(({ day }) => day)),
    charged: charged satisfies readonly ChargedDay[],
    customers: new Map(customers.map(({ tenant, customerId }) => [tenant, customerId])),
    markupBasisPoints,
  });
}

async function store(
  transaction: Transaction,
  { setup, change, at }: { setup: BillingSetupRow; change: ChargeChange; at: Date },
): Promise<void> {
  const { projectId } = setup;
  const { charge, valueMicroUsd } = change;
  const line = { ...charge, projectId, changedAt: at };
  const stored = await transaction
    .insert(billingLines)
    .values(line)
    .onConflictDoUpdate({
      target: [billingLines.projectId, billingLines.tenant, billingLines.day],
      set: line,
      setWhere: eq(billingLines.revision, charge.revision - 1),
    })
    .returning({ day: billingLines.day });
  if (stored.length === 0 || valueMicroUsd === 0n) return;
  await transaction.insert(billingMeterEvents).values({
    identifier: identifierOf(setup, charge),
    projectId,
    tenant: charge.tenant,
    day: charge.day,
    customerId: charge.customerId,
    valueMicroUsd,
    occurredAt: occurredAt(charge.day, charge.revision, at),
    createdAt: at,
    state: "waiting",
    nextAttemptAt: at,
  });
}

/** Half of a SHA-256: as good as any random number, and the same whoever works it out. */
const IDENTIFIER_HEX = 32;

/** What Stripe knows the event by, at most 100 characters: the same for every attempt, and of no other event. */
function identifierOf(setup: BillingSetupRow, { tenant, day, revision }: ChargedDay): string {
  const named = [setup.id, setup.projectId, tenant, day, revision].join("\0");
  const hex = createHash("sha256").update(named).digest("hex").slice(0, IDENTIFIER_HEX);
  return `lensai-${day}-${revision}-${hex}`;
}
