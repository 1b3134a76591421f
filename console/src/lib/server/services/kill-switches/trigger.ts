import { killSwitches } from "../../db/schema/kill-switches.ts";
import { killSwitchAlert } from "../alerts/kill-switch-alert.ts";
import { recordAlerts } from "../alerts/record-alerts.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseAndAnnounce } from "../receipts/announce.ts";
import type { TriggerKillSwitchInput } from "./schemas.ts";

const ID_RANDOM_BYTES = 9;

/**
 * Stops the calls of a scope: every guard refuses them once it has the next snapshot. The project must exist;
 * the input is trusted: parse it with `triggerSchema` first.
 */
export async function triggerKillSwitch(
  context: ServiceContext,
  input: TriggerKillSwitchInput,
  actor: string,
): Promise<{ id: string }> {
  const now = context.now();
  const { projectId, scope, reason } = input;
  const id = `kill_${Buffer.from(context.randomBytes(ID_RANDOM_BYTES)).toString("base64url")}`;
  await context.db.transaction(async (transaction) => {
    const stopped = transaction
      .insert(killSwitches)
      .values({ id, projectId, scope, reason, triggeredAt: now, triggeredBy: actor });
    const audited = appendAudit(transaction, {
      at: now,
      actor,
      action: "kill_switch.trigger",
      projectId,
      subjectId: id,
      after: { scope, reason },
    });
    const told = recordAlerts(transaction, context, {
      projectId,
      occurrences: [killSwitchAlert("triggered", { killSwitchId: id, scope, reason, actor })],
    });
    const announcement = { projectId, kind: "trigger", subjectId: id, at: now, actor } as const;
    const announced = raiseAndAnnounce(transaction, announcement);
    // Sent together: every wait for an answer is a part of how long a switch takes.
    await Promise.all([stopped, audited, told, announced]);
  });
  return { id };
}
