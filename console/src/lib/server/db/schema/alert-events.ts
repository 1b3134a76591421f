import type { AlertDetails, AlertKind, AlertSeverity } from "@lensai/otel-config/alerts/alert";
import {
  index,
  jsonb,
  pgTable,
  text,
  timestamp,
  unique,
  type AnyPgColumn,
} from "drizzle-orm/pg-core";
import { projects } from "./projects.ts";

/** What happened and is told once: the key says what "once" means for its kind. */
export const alertEvents = pgTable(
  "alert_events",
  {
    id: text().primaryKey(),
    projectId: text()
      .notNull()
      .references(() => projects.id),
    key: text().notNull(),
    kind: text().$type<AlertKind>().notNull(),
    severity: text().$type<AlertSeverity>().notNull(),
    details: jsonb().$type<AlertDetails[AlertKind]>().notNull(),
    occurredAt: timestamp({ withTimezone: true }).notNull(),
    /** The event whose message tells of this one, too. NULL: it has a message of its own, or none. */
    toldWithId: text().references((): AnyPgColumn => alertEvents.id),
  },
  (table) => [
    unique("alert_events_once").on(table.projectId, table.key),
    index("alert_events_newest").on(table.projectId, table.occurredAt),
  ],
);
