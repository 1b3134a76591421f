import { and, count, eq, gte, inArray, lte, min, or, sql, sum } from "drizzle-orm";
import type { AlertDetails } from "@lensai/otel-config/alerts/alert";
import { earliestDay, isoDay } from "../../billing/billing-days.ts";
import type { Database } from "../../db/client.ts";
import { billingMeterEvents, billingSetups } from "../../db/schema/billing.ts";
import type { AlertOccurrence } from "../../services/alerts/record-alerts.ts";
import { recordUnknown, type EvaluationOptions } from "./evaluate-project.ts";
import { createLasting, type Lasting } from "./lasting.ts";

/** What keeps charges of a project from Stripe. */
interface BillingState {
  readonly projectId: string;
  /** Why nothing goes out at all, for some time already. */
  readonly problem: string | undefined;
  readonly refused: MissingCharges | undefined;
  readonly late: MissingCharges | undefined;
}

interface MissingCharges {
  readonly charges: number;
  readonly amountMicroUsd: bigint;
  readonly tenants: number;
  /** By name, ten at most. */
  readonly tenantNames: readonly string[];
  /** `2026-11-01` */
  readonly firstDay: string;
  /** Of one of them; null when none is known. */
  readonly reason: string | null;
}

type Details = AlertDetails["billing.trouble"];

const DAY_MS = 86_400_000;
/** A charge that waits for so long is late. */
const LATE_MS = DAY_MS;
/** Stripe takes no older usage soon: what is mended later is charged to nobody. */
const LAST_CHANCE_MS = 7 * DAY_MS;
const TENANTS_NAMED = 10;
const NANO_PER_MICRO = 1000n;

/**
 * What keeps charges from Stripe, once per trouble and day while it lasts; again when it becomes critical: in the last
 * week in which Stripe still takes them.
 */
function billingAlerts(
  { problem, refused, late }: Omit<BillingState, "projectId">,
  now: Date,
): AlertOccurrence[] {
  const troubles: Details[] = [];
  if (problem !== undefined) troubles.push({ trouble: "stopped", reason: problem });
  // What waits for a key to be mended waits for what was just told.
  else if (late !== undefined) troubles.push(missingDetails("late", late));
  if (refused !== undefined) troubles.push(missingDetails("refused", refused));
  const oldestDay = [refused, late].flatMap((one) => one?.firstDay ?? []).toSorted()[0];
  return troubles.map((details) => {
    const severity = severityOf(details.missing?.firstDay ?? oldestDay, now);
    const key = `billing ${details.trouble} ${severity} ${isoDay(now.getTime())}`;
    return { kind: "billing.trouble", key, severity, details };
  });
}

function missingDetails(trouble: Details["trouble"], missing: MissingCharges): Details {
  const { reason, amountMicroUsd, ...facts } = missing;
  return {
    trouble,
    ...(reason !== null && { reason }),
    missing: { ...facts, amountNanoUsd: (amountMicroUsd * NANO_PER_MICRO).toString() },
  };
}

function severityOf(firstDay: string | undefined, now: Date): AlertOccurrence["severity"] {
  const soonTooOld =
    firstDay !== undefined && firstDay < earliestDay(now.getTime() + LAST_CHANCE_MS);
  return soonTooOld ? "critical" : "warning";
}

/** How often charges are looked at: they are of days that are over. */
const BILLING_INTERVAL_MS = 600_000;
/** What keeps all charges may pass by itself: they are worked out anew every half an hour. */
const STOPPED_LASTS_MS = 3_600_000;

/** Tells projects what keeps their charges from Stripe. */
export function createBillingLook({
  services,
  known,
}: Pick<EvaluationOptions, "services" | "known">): (
  projectIds: readonly string[],
) => Promise<void> {
  const lasting = createLasting(services.now, STOPPED_LASTS_MS);
  let dueAtMs = Number.NEGATIVE_INFINITY;
  return async (projectIds) => {
    const now = services.now();
    if (now.getTime() < dueAtMs) return;
    for (const { projectId, ...state } of await billingTroubles(services.db, {
      projectIds,
      now,
      lasting,
    }))
      await recordUnknown(services, known, { projectId, occurrences: billingAlerts(state, now) });
    dueAtMs = now.getTime() + BILLING_INTERVAL_MS;
  };
}

/**
 * Of the projects, those of which charges do not reach Stripe. Nobody is told of a project whose charging was paused, nor of
 * charges that Stripe would not take any more.
 */
async function billingTroubles(
  db: Database,
  { projectIds, now, lasting }: BillingQuestion,
): Promise<BillingState[]> {
  const { projectId, isPaused, problem } = billingSetups;
  const setups = await db
    .select({ projectId, problem })
    .from(billingSetups)
    .where(eq(isPaused, false));
  const inUse = setups.filter((setup) => projectIds.includes(setup.projectId));
  const stopped = lasting(
    inUse.filter((setup) => setup.problem !== null),
    (setup) => setup.projectId,
  );
  const problems = new Map(stopped.map((setup) => [setup.projectId, setup.problem ?? undefined]));
  const missing = inUse.length === 0 ? [] : await missingCharges(db, now);
  const find = (id: string, isRefused: boolean): MissingCharges | undefined =>
    missing.find((one) => one.projectId === id && one.isRefused === isRefused);
  return inUse.map(({ projectId: id }) => ({
    projectId: id,
    problem: problems.get(id),
    refused: find(id, true),
    late: find(id, false),
  }));
}

interface BillingQuestion {
  readonly projectIds: readonly string[];
  readonly now: Date;
  /** Of problems by project, those that have been there for some time. */
  readonly lasting: Lasting;
}

type MissingRow = MissingCharges & { readonly projectId: string; readonly isRefused: boolean };

/** Charges that Stripe has refused, and those that have waited for too long, by project. */
async function missingCharges(db: Database, now: Date): Promise<MissingRow[]> {
  const { projectId, tenant, day, state, createdAt, valueMicroUsd, problem } = billingMeterEvents;
  const isRefused = sql<boolean>`${state} = 'refused'`;
  return await db
    .select({
      projectId,
      isRefused,
      charges: count(),
      amountMicroUsd: sum(valueMicroUsd).mapWith(BigInt),
      tenants: sql<number>`count(distinct ${tenant})`.mapWith(Number),
      tenantNames: sql<
        string[]
      >`(array_agg(distinct ${tenant} order by ${tenant}))[1:${sql.raw(String(TENANTS_NAMED))}]`,
      firstDay: sql<string>`${min(day)}::text`,
      reason: sql<string | null>`max(${problem})`,
    })
    .from(billingMeterEvents)
    .where(
      and(
        gte(day, earliestDay(now.getTime())),
        or(
          eq(state, "refused"),
          and(
            inArray(state, ["waiting", "unsure"]),
            lte(createdAt, new Date(now.getTime() - LATE_MS)),
          ),
        ),
      ),
    )
    .groupBy(projectId, isRefused);
}
