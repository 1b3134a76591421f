import { boolean, index, integer, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import { sql } from "drizzle-orm";
import { alertChannels } from "./alert-channels.ts";
import { alertEvents } from "./alert-events.ts";

/** The outbox: one row per event and channel that is to hear of it. */
export const alertDeliveries = pgTable(
  "alert_deliveries",
  {
    eventId: text()
      .notNull()
      .references(() => alertEvents.id),
    channelId: text()
      .notNull()
      .references(() => alertChannels.id),
    state: text({ enum: ["waiting", "delivered", "given_up"] }).notNull(),
    attempts: integer().notNull().default(0),
    /** An attempt has begun of which nobody knows whether it arrived. */
    isUncertain: boolean().notNull().default(false),
    /** When the next attempt is due; while one runs, when it counts as lost. */
    nextAttemptAt: timestamp({ withTimezone: true }).notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    deliveredAt: timestamp({ withTimezone: true }),
    /** Why the last attempt failed, without anything secret. */
    lastError: text(),
    /** What the receiver calls the message: Slack's timestamp. */
    receiptId: text(),
  },
  (table) => [
    primaryKey({ columns: [table.eventId, table.channelId] }),
    index("alert_deliveries_due")
      .on(table.nextAttemptAt)
      .where(sql`${table.state} = 'waiting'`),
  ],
);
