import { and, asc, eq, inArray, isNull } from "drizzle-orm";
import type { AlertFacts, AlertKind, AlertSeverity } from "@lensai/otel-config/alerts/alert";
import type { Database } from "../../db/client.ts";
import { alertChannels, type ChannelConfig } from "../../db/schema/alert-channels.ts";
import { alertDeliveries } from "../../db/schema/alert-deliveries.ts";
import { alertEvents } from "../../db/schema/alert-events.ts";
import { listOrder, WHOLE_LIST, type ListPart } from "../list-order.ts";

/** A channel without its secrets. */
export interface AlertChannel {
  readonly id: string;
  readonly name: string;
  readonly config: ChannelConfig;
  readonly kinds: readonly AlertKind[];
  readonly minimumSeverity: AlertSeverity;
  readonly version: number;
}

export interface ListedDelivery {
  readonly channelId: string;
  readonly channelName: string;
  readonly state: "waiting" | "delivered" | "given_up";
  readonly attempts: number;
  /** Of a waiting one. */
  readonly nextAttemptAt: Date;
  readonly deliveredAt: Date | undefined;
  readonly lastError: string | undefined;
}

export interface ListedAlert {
  readonly id: string;
  readonly facts: AlertFacts;
  readonly severity: AlertSeverity;
  readonly occurredAt: Date;
  /** The alert whose message told of this one, too; undefined when it had one of its own, or none. */
  readonly toldWithId: string | undefined;
  /** By name of the channel. */
  readonly deliveries: readonly ListedDelivery[];
}

/** By name. */
export const CHANNEL_ORDER = listOrder<AlertChannel>(
  { kind: "text", by: alertChannels.name, of: (channel) => channel.name },
  { kind: "text", by: alertChannels.id, of: (channel) => channel.id },
);

/** Without those that were removed, in `CHANNEL_ORDER`. */
export async function listAlertChannels(
  db: Database,
  projectId: string,
  { limit, after }: ListPart = WHOLE_LIST,
): Promise<AlertChannel[]> {
  const rows = await db
    .select()
    .from(alertChannels)
    .where(
      and(
        eq(alertChannels.projectId, projectId),
        isNull(alertChannels.removedAt),
        CHANNEL_ORDER.isBehind(after),
      ),
    )
    .orderBy(...CHANNEL_ORDER.orderBy)
    .limit(limit);
  return rows.map(({ id, name, config, kinds, minimumSeverity, version }) => ({
    id,
    name,
    config,
    kinds,
    minimumSeverity,
    version,
  }));
}

/** The newest first. */
export const ALERT_ORDER = listOrder<ListedAlert>(
  { kind: "time", by: alertEvents.occurredAt, of: (alert) => alert.occurredAt, isFalling: true },
  { kind: "text", by: alertEvents.id, of: (alert) => alert.id },
);

export interface AlertQuestion {
  readonly projectId: string;
  /** Without those that the message of another one told of. */
  readonly isOnePerMessage?: boolean;
}

/** In `ALERT_ORDER`, with what became of them. */
export async function newestAlerts(
  db: Database,
  { projectId, isOnePerMessage = false }: AlertQuestion,
  { limit, after }: ListPart,
): Promise<ListedAlert[]> {
  const events = await db
    .select()
    .from(alertEvents)
    .where(
      and(
        eq(alertEvents.projectId, projectId),
        isOnePerMessage ? isNull(alertEvents.toldWithId) : undefined,
        ALERT_ORDER.isBehind(after),
      ),
    )
    .orderBy(...ALERT_ORDER.orderBy)
    .limit(limit);
  if (events.length === 0) return [];
  const deliveries = await db
    .select({ delivery: alertDeliveries, channelName: alertChannels.name })
    .from(alertDeliveries)
    .innerJoin(alertChannels, eq(alertChannels.id, alertDeliveries.channelId))
    .where(
      inArray(
        alertDeliveries.eventId,
        events.map(({ id }) => id),
      ),
    )
    .orderBy(asc(alertChannels.name), asc(alertChannels.id));
  const byEvent = Map.groupBy(deliveries, ({ delivery }) => delivery.eventId);
  return events.map(({ id, kind, details, severity, occurredAt, toldWithId }) => ({
    id,
    facts: { kind, details } as AlertFacts,
    severity,
    occurredAt,
    toldWithId: toldWithId ?? undefined,
    deliveries: (byEvent.get(id) ?? []).map(({ delivery, channelName }) => ({
      channelId: delivery.channelId,
      channelName,
      state: delivery.state,
      attempts: delivery.attempts,
      nextAttemptAt: delivery.nextAttemptAt,
      deliveredAt: delivery.deliveredAt ?? undefined,
      lastError: delivery.lastError ?? undefined,
    })),
  }));
}
