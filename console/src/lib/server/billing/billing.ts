import { and, eq, exists, isNull, or } from "drizzle-orm";
import { claimJob, JOB_LOCKS } from "../db/claim-job.ts";
import { billingMeterEvents, billingSetups } from "../db/schema/billing.ts";
import { projects } from "../db/schema/projects.ts";
import { createRepeatedJob } from "../lake/repeated-job.ts";
import type { LakeReader } from "../lake/lake-reader.ts";
import { logError } from "../log.ts";
import type { SecretBox } from "../secrets/secret-box.ts";
import type { BillingContext } from "../services/billing/context.ts";
import { openAccount, type BillingSetupRow } from "../services/billing/setup.ts";
import type { ServiceContext } from "../services/context.ts";
import { reasonOf } from "../prepare-database.ts";
import { chargeDays } from "./charge-days.ts";
import { sendMeterEvents } from "./send-meter-events.ts";
import { createStripeOpener } from "./stripe.ts";

/** The part of a console that charges the customers of projects through Stripe. */
export interface Billing {
  /** For the services of billing. */
  readonly context: BillingContext;
  start(): void;
  /** Terms or customers have changed: look at once. */
  wake(): void;
  /** Why charges cannot be worked out at the moment; undefined while they can. */
  problem(): string | undefined;
  stop(): Promise<void>;
}

export interface BillingOptions {
  readonly services: ServiceContext;
  readonly secrets: SecretBox;
  readonly lake: LakeReader;
  readonly stripeApiUrl: string;
}

/** From a change of the terms to the charges. */
const PAUSE_MS = 500;
/** What waits in the outbox is looked for so often. */
const REST_MS = 60_000;
/** Charges are of days that are over: looking at them more often finds nothing. */
const CHARGE_INTERVAL_MS = 1_800_000;

export function createBilling({ services, secrets, lake, stripeApiUrl }: BillingOptions): Billing {
  const context: BillingContext = {
    ...services,
    secrets,
    openStripe: createStripeOpener({ apiUrl: stripeApiUrl }),
  };
  let chargeAtMs = Number.NEGATIVE_INFINITY;
  const job = createRepeatedJob({
    failure: "customers could not be charged",
    work: async () => {
      const isChargeDue = performance.now() >= chargeAtMs;
      if (isChargeDue) chargeAtMs = performance.now() + CHARGE_INTERVAL_MS;
      await billProjects(context, lake, isChargeDue);
      return false;
    },
    claim: (work) => claimJob(services.db, JOB_LOCKS.billing, work),
    pauseMs: PAUSE_MS,
    restMs: REST_MS,
  });
  return {
    context,
    start: () => job.start(),
    wake: () => {
      chargeAtMs = Number.NEGATIVE_INFINITY;
      job.wake();
    },
    problem: () => job.problem(),
    stop: () => job.stop(),
  };
}

/**
 * Charges the days of all projects that are due, and sends what waits. One project's trouble is kept with it, and keeps no
 * other from being billed.
 */
export async function billProjects(
  context: BillingContext,
  lake: LakeReader,
  isChargeDue: boolean,
): Promise<void> {
  const { db } = context;
  for (const setup of await setupsToBill(context, isChargeDue)) {
    const problem = await billProject(context, lake, { setup, isChargeDue });
    if (problem === setup.problem) continue;
    await db
      .update(billingSetups)
      .set({ problem })
      .where(eq(billingSetups.projectId, setup.projectId));
  }
}

/** Those in use; between charges, those of which something waits. */
async function setupsToBill(
  { db }: Pick<ServiceContext, "db">,
  isChargeDue: boolean,
): Promise<BillingSetupRow[]> {
  const waits = exists(
    db
      .select({ identifier: billingMeterEvents.identifier })
      .from(billingMeterEvents)
      .where(
        and(
          eq(billingMeterEvents.projectId, billingSetups.projectId),
          or(eq(billingMeterEvents.state, "waiting"), eq(billingMeterEvents.state, "unsure")),
        ),
      ),
  );
  const rows = await db
    .select({ setup: billingSetups })
    .from(billingSetups)
    .innerJoin(projects, eq(projects.id, billingSetups.projectId))
    .where(
      and(
        eq(billingSetups.isPaused, false),
        isNull(projects.archivedAt),
        isChargeDue ? undefined : waits,
      ),
    );
  return rows.map(({ setup }) => setup);
}

/** Answers with what keeps its charges from Stripe, null for nothing. */
async function billProject(
  context: BillingContext,
  lake: LakeReader,
  { setup, isChargeDue }: { readonly setup: BillingSetupRow; readonly isChargeDue: boolean },
): Promise<string | null> {
  try {
    if (isChargeDue) await chargeDays(context, lake, setup);
    const account = openAccount(context, setup);
    return (await sendMeterEvents({ context, account, setup })) ?? null;
  } catch (error) {
    const reason = reasonOf(error);
    if (setup.problem !== reason)
      logError("a project's customers could not be charged", {
        projectId: setup.projectId,
        error,
      });
    return reason;
  }
}
