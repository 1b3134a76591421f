import { killSwitches } from "../../db/schema/kill-switches.ts";
import { killSwitchAlert } from "../alerts/kill-switch-alert.ts";
import { recordAlerts } from "../alerts/record-alerts.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { announce } from "../receipts/announce.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";
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
    await transaction
      .insert(killSwitches)
      .values({ id, projectId, scope, reason, triggeredAt: now, triggeredBy: actor });
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "kill_switch.trigger",
      projectId,
      subjectId: id,
      after: { scope, reason },
    });
    await recordAlerts(transaction, context, {
      projectId,
      occurrences: [killSwitchAlert("triggered", { killSwitchId: id, scope, reason, actor })],
    });
    const version = await raiseControlVersion(transaction, now);
    await announce(transaction, {
      projectId,
      kind: "trigger",
      subjectId: id,
      version,
      at: now,
      actor,
    });
  });
  return { id };
}
