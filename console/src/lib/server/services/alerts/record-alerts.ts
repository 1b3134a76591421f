import { and, eq, gt, inArray, isNull } from "drizzle-orm";
import type { AlertFacts, AlertSeverity } from "@lensai/otel-config/alerts/alert";
import { ALERT_SEVERITIES } from "@lensai/otel-config/alerts/alert";
import { CHANNELS, notify } from "../../db/notices.ts";
import { alertChannels } from "../../db/schema/alert-channels.ts";
import { alertDeliveries } from "../../db/schema/alert-deliveries.ts";
import { alertEvents } from "../../db/schema/alert-events.ts";
import type { ServiceContext } from "../context.ts";
import type { Transaction } from "../snapshot/raise-version.ts";
import { holdBack, PACE_WINDOW_MS, type ToldLately } from "./pace.ts";
import { groupOf, tellTogether, type ToldTogether } from "./together.ts";

/** Something that happened, and what counts as the same thing. */
export type AlertOccurrence = AlertFacts & {
  /** Within the project: a second event with the same key is not recorded. */
  readonly key: string;
  readonly severity: AlertSeverity;
  /** The key of a more serious one that tells it all: this one is recorded, so that it does not come later. */
  readonly toldBy?: string | undefined;
};

interface RecordedAlert {
  readonly id: string;
  readonly key: string;
}

export interface RecordedAlerts {
  /** Those that are new; the others were recorded before. */
  readonly recorded: readonly RecordedAlert[];
  /** Not recorded yet: so many like them were told lately that these are told together, later. Find them again then. */
  readonly held: readonly AlertOccurrence[];
}

const ID_RANDOM_BYTES = 9;
/** Rows of one statement: PostgreSQL takes 65,535 parameters. */
const ROWS_AT_ONCE = 1000;

/**
 * Records what happened and who is to hear of it, in the transaction of the change where there is one: an event is
 * then told if and only if it happened.
 */
export async function recordAlerts(
  transaction: Transaction,
  context: Pick<ServiceContext, "now" | "randomBytes">,
  given: { readonly projectId: string; readonly occurrences: readonly AlertOccurrence[] },
): Promise<RecordedAlerts> {
  const { projectId } = given;
  const now = context.now();
  const toldLately = await messagesLately(transaction, given, now);
  const { due: occurrences, held } = holdBack(given.occurrences, toldLately, now);
  const recorded: RecordedAlert[] = [];
  for (const part of partsOf(occurrences)) {
    const rows = part.map(({ key, kind, severity, details }) => ({
      id: `alert_${Buffer.from(context.randomBytes(ID_RANDOM_BYTES)).toString("base64url")}`,
      projectId,
      key,
      kind,
      severity,
      details,
      occurredAt: now,
    }));
    const inserted = await transaction
      .insert(alertEvents)
      .values(rows)
      .onConflictDoNothing({ target: [alertEvents.projectId, alertEvents.key] })
      .returning({ id: alertEvents.id, key: alertEvents.key });
    recorded.push(...inserted);
  }
  const byKey = new Map(occurrences.map((occurrence) => [occurrence.key, occurrence]));
  const told = recorded.flatMap(({ id, key }) => {
    const occurrence = byKey.get(key);
    return occurrence === undefined || occurrence.toldBy !== undefined ? [] : [{ id, occurrence }];
  });
  const before = new Map(Array.from(toldLately, ([name, { messages: count }]) => [name, count]));
  const messages = tellTogether(told, before);
  if (told.length > 0) await tell(transaction, { projectId, messages, now });
  await join(transaction, { messages, recorded, byKey });
  return { recorded, held };
}

/** By group, the messages of the last hour; asked for only where something belongs to a group. */
async function messagesLately(
  transaction: Transaction,
  { projectId, occurrences }: { projectId: string; occurrences: readonly AlertOccurrence[] },
  now: Date,
): Promise<ReadonlyMap<string, ToldLately>> {
  const grouped = occurrences.filter((occurrence) => groupOf(occurrence) !== undefined);
  if (grouped.length === 0) return new Map();
  const { kind, details, occurredAt } = alertEvents;
  const rows = await transaction
    .select({ kind, details, occurredAt })
    .from(alertEvents)
    .where(
      and(
        eq(alertEvents.projectId, projectId),
        gt(occurredAt, new Date(now.getTime() - PACE_WINDOW_MS)),
        inArray(kind, [...new Set(grouped.map((one) => one.kind))]),
        isNull(alertEvents.toldWithId),
      ),
    )
    .orderBy(occurredAt);
  const lately = new Map<string, ToldLately>();
  for (const { occurredAt: lastAt, ...row } of rows) {
    const name = groupOf(row as AlertFacts);
    if (name === undefined) continue;
    lately.set(name, { messages: (lately.get(name)?.messages ?? 0) + 1, lastAt });
  }
  return lately;
}

/** Writes down which channels are to get which messages. */
async function tell(
  transaction: Transaction,
  { projectId, messages, now }: { projectId: string; messages: readonly ToldTogether[]; now: Date },
): Promise<void> {
  const channels = await transaction
    .select()
    .from(alertChannels)
    .where(and(eq(alertChannels.projectId, projectId), isNull(alertChannels.removedAt)));
  const deliveries = messages.flatMap(({ lead }) =>
    channels
      .filter((channel) => wants(channel, lead.occurrence))
      .map((channel) => ({
        eventId: lead.id,
        channelId: channel.id,
        state: "waiting" as const,
        nextAttemptAt: now,
        createdAt: now,
      })),
  );
  await Promise.all([
    ...partsOf(deliveries).map((part) => transaction.insert(alertDeliveries).values(part)),
    notify(transaction, CHANNELS.alerts),
  ]);
}

interface ToldOf {
  readonly messages: readonly ToldTogether[];
  readonly recorded: readonly RecordedAlert[];
  readonly byKey: ReadonlyMap<string, AlertOccurrence>;
}

/** The message of the first one tells of the others, and of what each of them tells. */
async function join(
  transaction: Transaction,
  { messages, recorded, byKey }: ToldOf,
): Promise<void> {
  const tellers = new Map<string, string>();
  for (const { lead, otherIds } of messages) {
    for (const id of otherIds) tellers.set(id, lead.id);
    if (otherIds.length === 0) continue;
    const { details } = lead.occurrence;
    await transaction.update(alertEvents).set({ details }).where(eq(alertEvents.id, lead.id));
  }
  const idByKey = new Map(recorded.map(({ id, key }) => [key, id]));
  for (const { id, key } of recorded) {
    const teller = idByKey.get(byKey.get(key)?.toldBy ?? "");
    if (teller !== undefined) tellers.set(id, tellers.get(teller) ?? teller);
  }
  const byTeller = Map.groupBy(tellers.keys(), (id) => tellers.get(id) ?? id);
  for (const [toldWithId, ids] of byTeller) {
    for (const part of partsOf(ids)) {
      await transaction
        .update(alertEvents)
        .set({ toldWithId })
        .where(inArray(alertEvents.id, part));
    }
  }
}

function partsOf<Item>(items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / ROWS_AT_ONCE);
  return Array.from({ length: count }, (_, part) =>
    items.slice(part * ROWS_AT_ONCE, (part + 1) * ROWS_AT_ONCE),
  );
}

/** Is a channel to hear of it? */
function wants(
  { kinds, minimumSeverity }: Pick<typeof alertChannels.$inferSelect, "kinds" | "minimumSeverity">,
  { kind, severity }: Pick<AlertOccurrence, "kind" | "severity">,
): boolean {
  return kinds.includes(kind) && rank(severity) >= rank(minimumSeverity);
}

const rank = (severity: AlertSeverity): number => ALERT_SEVERITIES.indexOf(severity);
