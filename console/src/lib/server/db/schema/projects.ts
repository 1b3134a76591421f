import { bigint, boolean, check, integer, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { sql } from "drizzle-orm";
import { STALE_MODES } from "@lensai/otel-config/control/stale-modes";
import { organizations } from "./organizations.ts";

/** A project: the border of keys, data and spend. The id is the slug that also names it in the lake. */
export const projects = pgTable(
  "projects",
  {
    id: text().primaryKey(),
    name: text().notNull(),
    organizationId: text()
      .notNull()
      .references(() => organizations.id),
    /** ContentPolicy of the control snapshot. */
    content: text({ enum: ["redacted", "off"] })
      .notNull()
      .default("redacted"),
    /** Exports that are not signed are refused. */
    requireSignature: boolean().notNull().default(false),
    /** Grows with every change, so that nobody overwrites what he has not seen. */
    version: integer().notNull().default(1),
    /** Of the newest announcement; see announcements.ts. */
    announcedVersion: bigint({ mode: "number" }),
    /** Processes that have heard nothing for longer go by `staleMode`; NULL: never. */
    maxStalenessSeconds: integer(),
    staleMode: text({ enum: STALE_MODES }).notNull().default("closed"),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    /** Read-only since then, and in no list by default. NULL: in use. */
    archivedAt: timestamp({ withTimezone: true }),
  },
  (table) => [
    check("projects_content", sql`${table.content} in ('redacted', 'off')`),
    check("projects_stale_mode", sql`${table.staleMode} in ('closed', 'last_known', 'open')`),
  ],
);
