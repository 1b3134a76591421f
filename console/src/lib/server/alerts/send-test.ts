import { and, eq, isNull } from "drizzle-orm";
import { alertChannels } from "../db/schema/alert-channels.ts";
import { alertDeliveries } from "../db/schema/alert-deliveries.ts";
import { alertEvents } from "../db/schema/alert-events.ts";
import { projects } from "../db/schema/projects.ts";
import type { AlertContext } from "../services/alerts/context.ts";
import type { ChannelRef } from "../services/alerts/schemas.ts";
import type { DeliveryOutcome, SendAlert } from "./delivery.ts";
import { attempt } from "./delivery-job.ts";
import { CLAIM_MS, conclude, type ClaimedDelivery } from "./outbox.ts";

const ID_RANDOM_BYTES = 9;

/**
 * Sends a test to one channel, now and once, and says how it ended; undefined when there is no such channel. It is in
 * the history as any other.
 */
export async function sendTest(
  { context, send }: { readonly context: AlertContext; readonly send: SendAlert },
  ref: ChannelRef,
  signal: AbortSignal,
): Promise<DeliveryOutcome | undefined> {
  const claimed = await createTest(context, ref);
  if (claimed === undefined) return undefined;
  const outcome = await attempt({ context, send }, claimed, signal);
  await conclude(context.db, claimed, { outcome, now: context.now(), random: undefined });
  return outcome;
}

async function createTest(
  context: AlertContext,
  { projectId, channelId }: ChannelRef,
): Promise<ClaimedDelivery | undefined> {
  const now = context.now();
  const id = `alert_${Buffer.from(context.randomBytes(ID_RANDOM_BYTES)).toString("base64url")}`;
  return context.db.transaction(async (transaction) => {
    const [found] = await transaction
      .select({ channel: alertChannels, projectName: projects.name })
      .from(alertChannels)
      .innerJoin(projects, eq(projects.id, alertChannels.projectId))
      .where(
        and(
          eq(alertChannels.projectId, projectId),
          eq(alertChannels.id, channelId),
          isNull(alertChannels.removedAt),
        ),
      );
    if (found === undefined) return undefined;
    const event = {
      id,
      projectId,
      key: `test ${id}`,
      kind: "test" as const,
      severity: "info" as const,
      details: { channelName: found.channel.name },
      occurredAt: now,
      toldWithId: null,
    };
    await transaction.insert(alertEvents).values(event);
    await transaction.insert(alertDeliveries).values({
      eventId: id,
      channelId,
      state: "waiting",
      attempts: 1,
      isUncertain: true,
      nextAttemptAt: new Date(now.getTime() + CLAIM_MS),
      createdAt: now,
    });
    const attempts = 1;
    return {
      eventId: id,
      channelId,
      attempts,
      mayHaveArrived: false,
      createdAt: now,
      event,
      ...found,
    };
  });
}
