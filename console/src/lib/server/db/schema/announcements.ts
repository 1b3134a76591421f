import { bigint, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import { projects } from "./projects.ts";

export const ANNOUNCEMENT_KINDS = ["trigger", "release", "drill"] as const;
export type AnnouncementKind = (typeof ANNOUNCEMENT_KINDS)[number];

/** What every process of a project is to acknowledge. */
export const announcements = pgTable(
  "announcements",
  {
    /** Of the kill-switch, or of the drill. */
    subjectId: text().notNull(),
    kind: text({ enum: ANNOUNCEMENT_KINDS }).notNull(),
    projectId: text()
      .notNull()
      .references(() => projects.id),
    /** Of the control snapshot that told of it: a process that has it, or a later one, knows. */
    version: bigint({ mode: "number" }).notNull(),
    announcedAt: timestamp({ withTimezone: true }).notNull(),
    announcedBy: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.subjectId, table.kind] })],
);
