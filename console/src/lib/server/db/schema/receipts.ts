import { doublePrecision, foreignKey, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { announcements } from "./announcements.ts";

/** One per process that lived when something was announced, and knows of it. */
export const receipts = pgTable(
  "receipts",
  {
    subjectId: text().notNull(),
    kind: text().notNull(),
    instanceId: text().notNull(),
    serviceName: text().notNull(),
    /** Milliseconds from the announcement until it held in the process. */
    knownAfterMs: doublePrecision().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.subjectId, table.kind, table.instanceId] }),
    foreignKey({
      columns: [table.subjectId, table.kind],
      foreignColumns: [announcements.subjectId, announcements.kind],
    }).onDelete("cascade"),
  ],
);
