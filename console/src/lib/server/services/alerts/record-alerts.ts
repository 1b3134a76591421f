import { and, eq, isNull } from "drizzle-orm";
import type { AlertFacts, AlertSeverity } from "@lensai/otel-config/alerts/alert";
import { ALERT_SEVERITIES } from "@lensai/otel-config/alerts/alert";
import { CHANNELS, notify } from "../../db/notices.ts";
import { alertChannels } from "../../db/schema/alert-channels.ts";
import { alertDeliveries } from "../../db/schema/alert-deliveries.ts";
import { alertEvents } from "../../db/schema/alert-events.ts";
import type { ServiceContext } from "../context.ts";
import type { Transaction } from "../snapshot/raise-version.ts";

/** Something that happened, and what counts as the same thing. */
export type AlertOccurrence = AlertFacts & {
  /** Within the project: a second event with the same key is not recorded. */
  readonly key: string;
  readonly severity: AlertSeverity;
  /** Recorded, so that it does not come later, but told to nobody: a more serious one tells it all. */
  readonly isSilent?: boolean;
};

export interface RecordedAlert {
  readonly id: string;
  readonly key: string;
}

const ID_RANDOM_BYTES = 9;

/**
 * Records what happened and who is to hear of it, in the transaction of the change where there is one: an event is
 * then told if and only if it happened. Answers the events that are new; the others were recorded before.
 */
export async function recordAlerts(
  transaction: Transaction,
  context: Pick<ServiceContext, "now" | "randomBytes">,
  { projectId, occurrences }: { projectId: string; occurrences: readonly AlertOccurrence[] },
): Promise<readonly RecordedAlert[]> {
  if (occurrences.length === 0) return [];
  const now = context.now();
  const rows = occurrences.map(({ key, kind, severity, details }) => ({
    id: `alert_${Buffer.from(context.randomBytes(ID_RANDOM_BYTES)).toString("base64url")}`,
    projectId,
    key,
    kind,
    severity,
    details,
    occurredAt: now,
  }));
  const recorded = await transaction
    .insert(alertEvents)
    .values(rows)
    .onConflictDoNothing({ target: [alertEvents.projectId, alertEvents.key] })
    .returning({ id: alertEvents.id, key: alertEvents.key });
  const told = recorded.flatMap(({ id, key }) => {
    const occurrence = occurrences.find((one) => one.key === key);
    return occurrence === undefined || occurrence.isSilent === true ? [] : [{ id, occurrence }];
  });
  if (told.length === 0) return recorded;
  const channels = await transaction
    .select()
    .from(alertChannels)
    .where(and(eq(alertChannels.projectId, projectId), isNull(alertChannels.removedAt)));
  const deliveries = told.flatMap(({ id, occurrence }) =>
    channels
      .filter((channel) => wants(channel, occurrence))
      .map((channel) => ({
        eventId: id,
        channelId: channel.id,
        state: "waiting" as const,
        nextAttemptAt: now,
        createdAt: now,
      })),
  );
  if (deliveries.length > 0) await transaction.insert(alertDeliveries).values(deliveries);
  await notify(transaction, CHANNELS.alerts);
  return recorded;
}

/** Is a channel to hear of it? */
function wants(
  { kinds, minimumSeverity }: Pick<typeof alertChannels.$inferSelect, "kinds" | "minimumSeverity">,
  { kind, severity }: Pick<AlertOccurrence, "kind" | "severity">,
): boolean {
  return kinds.includes(kind) && rank(severity) >= rank(minimumSeverity);
}

const rank = (severity: AlertSeverity): number => ALERT_SEVERITIES.indexOf(severity);
