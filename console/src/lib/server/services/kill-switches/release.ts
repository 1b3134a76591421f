import { and, eq, isNull } from "drizzle-orm";
import { killSwitches } from "../../db/schema/kill-switches.ts";
import { killSwitchAlert } from "../alerts/kill-switch-alert.ts";
import { recordAlerts } from "../alerts/record-alerts.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseAndAnnounce } from "../receipts/announce.ts";
import type { ReleaseKillSwitchInput } from "./schemas.ts";

/** Lets the calls go again. False when there is no such switch or it was released before. */
export async function releaseKillSwitch(
  context: ServiceContext,
  input: ReleaseKillSwitchInput,
  actor: string,
): Promise<boolean> {
  const now = context.now();
  const { projectId, killSwitchId, reason } = input;
  return context.db.transaction(async (transaction) => {
    const [released] = await transaction
      .update(killSwitches)
      .set({ releasedAt: now, releasedBy: actor, releaseReason: reason })
      .where(
        and(
          eq(killSwitches.projectId, projectId),
          eq(killSwitches.id, killSwitchId),
          isNull(killSwitches.releasedAt),
        ),
      )
      .returning();
    if (released === undefined) return false;
    const audited = appendAudit(transaction, {
      at: now,
      actor,
      action: "kill_switch.release",
      projectId,
      subjectId: killSwitchId,
      before: { scope: released.scope, reason: released.reason },
      after: { reason },
    });
    const told = recordAlerts(transaction, context, {
      projectId,
      occurrences: [
        killSwitchAlert("released", { killSwitchId, scope: released.scope, reason, actor }),
      ],
    });
    const subjectId = killSwitchId;
    const announcement = { projectId, kind: "release", subjectId, at: now, actor } as const;
    const announced = raiseAndAnnounce(transaction, announcement);
    // Sent together: every wait for an answer is a part of how long a switch takes.
    await Promise.all([audited, told, announced]);
    return true;
  });
}
