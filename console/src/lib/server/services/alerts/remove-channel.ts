import { and, eq, isNull } from "drizzle-orm";
import { alertChannels } from "../../db/schema/alert-channels.ts";
import { alertDeliveries } from "../../db/schema/alert-deliveries.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { auditedChannel } from "./audited-channel.ts";
import type { ChannelRef } from "./schemas.ts";

/** Forgets the secret of a channel and sends nothing there any more. False when there is no such channel. */
export async function removeAlertChannel(
  context: ServiceContext,
  { projectId, channelId }: ChannelRef,
  actor: string,
): Promise<boolean> {
  const now = context.now();
  return context.db.transaction(async (transaction) => {
    const [removed] = await transaction
      .update(alertChannels)
      .set({ removedAt: now, sealedSecret: null })
      .where(
        and(
          eq(alertChannels.projectId, projectId),
          eq(alertChannels.id, channelId),
          isNull(alertChannels.removedAt),
        ),
      )
      .returning();
    if (removed === undefined) return false;
    await transaction
      .update(alertDeliveries)
      .set({ state: "given_up", lastError: "the channel was removed" })
      .where(and(eq(alertDeliveries.channelId, channelId), eq(alertDeliveries.state, "waiting")));
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "alert_channel.remove",
      projectId,
      subjectId: channelId,
      before: auditedChannel(removed),
    });
    return true;
  });
}
