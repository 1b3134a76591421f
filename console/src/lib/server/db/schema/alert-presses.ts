import { pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import { alertEvents } from "./alert-events.ts";

/** Buttons of alerts that were pressed: each does what it says once, whoever presses it again. */
export const alertPresses = pgTable(
  "alert_presses",
  {
    eventId: text()
      .notNull()
      .references(() => alertEvents.id),
    button: text().notNull(),
    actor: text().notNull(),
    pressedAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.eventId, table.button] })],
);
