import { and, asc, eq, lte, min } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { alertChannels } from "../db/schema/alert-channels.ts";
import { alertDeliveries } from "../db/schema/alert-deliveries.ts";
import { alertEvents } from "../db/schema/alert-events.ts";
import { projects } from "../db/schema/projects.ts";
import type { DeliveryOutcome } from "./delivery.ts";
import { nextAttemptAt } from "./backoff.ts";

interface DeliveryRef {
  readonly eventId: string;
  readonly channelId: string;
}

/** A delivery that this process now has to itself, and what it takes to send it. */
export interface ClaimedDelivery extends DeliveryRef {
  /** This one included. */
  readonly attempts: number;
  readonly mayHaveArrived: boolean;
  readonly createdAt: Date;
  readonly event: typeof alertEvents.$inferSelect;
  readonly channel: typeof alertChannels.$inferSelect;
  readonly projectName: string;
}

/** Is it still claimed as it was? Whoever claims it later has one attempt more. */
const isStillClaimed = (claimed: ClaimedDelivery) =>
  and(isRef(claimed), isWaiting, eq(alertDeliveries.attempts, claimed.attempts));

/** Longer than an attempt can take: after that it counts as lost with the process that made it. */
export const CLAIM_MS = 60_000;
/** Taken at once. */
const BATCH = 20;

const isWaiting = eq(alertDeliveries.state, "waiting");
const isRef = ({ eventId, channelId }: DeliveryRef) =>
  and(eq(alertDeliveries.eventId, eventId), eq(alertDeliveries.channelId, channelId));

/**
 * Takes what is due. The rows are locked while they are taken and skipped by whoever comes at the same
 * time, so that one console sends a delivery, and no transaction is open while it does. Should this process end in
 * the middle, the claim runs out and the next attempt knows that this one may have arrived.
 */
export async function claimDue(db: Database, now: Date): Promise<ClaimedDelivery[]> {
  return db.transaction(async (transaction) => {
    const due = await transaction
      .select({
        delivery: alertDeliveries,
        event: alertEvents,
        channel: alertChannels,
        projectName: projects.name,
      })
      .from(alertDeliveries)
      .innerJoin(alertEvents, eq(alertEvents.id, alertDeliveries.eventId))
      .innerJoin(alertChannels, eq(alertChannels.id, alertDeliveries.channelId))
      .innerJoin(projects, eq(projects.id, alertEvents.projectId))
      .where(and(isWaiting, lte(alertDeliveries.nextAttemptAt, now)))
      // What was not tried yet goes first: one that never succeeds holds nothing up.
      .orderBy(
        asc(alertDeliveries.attempts),
        asc(alertDeliveries.nextAttemptAt),
        asc(alertDeliveries.createdAt),
      )
      .limit(BATCH)
      .for("update", { of: alertDeliveries, skipLocked: true });
    for (const { delivery } of due) {
      await transaction
        .update(alertDeliveries)
        .set({
          attempts: delivery.attempts + 1,
          isUncertain: true,
          nextAttemptAt: new Date(now.getTime() + CLAIM_MS),
        })
        .where(isRef(delivery));
    }
    return due.map(({ delivery, event, channel, projectName }) => ({
      eventId: delivery.eventId,
      channelId: delivery.channelId,
      attempts: delivery.attempts + 1,
      mayHaveArrived: delivery.isUncertain,
      createdAt: delivery.createdAt,
      event,
      channel,
      projectName,
    }));
  });
}

interface Conclusion {
  readonly outcome: DeliveryOutcome;
  readonly now: Date;
  /** From 0 up to, and not including, 1; undefined: there is no other attempt. */
  readonly random: number | undefined;
}

/**
 * Writes down how an attempt ended; answers when the next one is due, undefined when there is none. As right later as at
 * once: a delivery that somebody else has claimed meanwhile is his, unless it has arrived.
 */
export async function conclude(
  db: Database,
  claimed: ClaimedDelivery,
  { outcome, now, random }: Conclusion,
): Promise<Date | undefined> {
  if (outcome.outcome === "delivered") {
    await db
      .update(alertDeliveries)
      .set({
        state: "delivered",
        deliveredAt: now,
        isUncertain: false,
        lastError: null,
        receiptId: outcome.receiptId ?? null,
      })
      .where(isRef(claimed));
    return undefined;
  }
  const { attempts, createdAt } = claimed;
  const { retryAfterMs, reason, mayHaveArrived } = outcome;
  const next =
    random === undefined
      ? undefined
      : nextAttemptAt({ attempts, createdAt, retryAfterMs, now, random });
  await db
    .update(alertDeliveries)
    .set({
      isUncertain: mayHaveArrived,
      lastError: reason,
      ...(next === undefined ? { state: "given_up" as const } : { nextAttemptAt: next }),
    })
    .where(isStillClaimed(claimed));
  return next;
}

/** Gives deliveries back that were claimed and not tried, once: due again then, and as certain as before. */
export async function release(
  db: Database,
  claimed: readonly ClaimedDelivery[],
  until: Date,
): Promise<void> {
  for (const delivery of claimed) {
    const { attempts, mayHaveArrived } = delivery;
    await db
      .update(alertDeliveries)
      .set({ attempts: attempts - 1, isUncertain: mayHaveArrived, nextAttemptAt: until })
      .where(isStillClaimed(delivery));
  }
}

/** When something is due next; undefined when nothing waits. */
export async function nextDue(db: Database): Promise<Date | undefined> {
  const [row] = await db
    .select({ due: min(alertDeliveries.nextAttemptAt) })
    .from(alertDeliveries)
    .where(isWaiting);
  return row?.due ?? undefined;
}
