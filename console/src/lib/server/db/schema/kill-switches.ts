import type { CallScope } from "@lensai/otel-config/control/call-scope";
import { jsonb, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { projects } from "./projects.ts";

/** Kill-switches, those that are on and those that were: what was stopped when, by whom and why. */
export const killSwitches = pgTable("kill_switches", {
  id: text().primaryKey(),
  projectId: text()
    .notNull()
    .references(() => projects.id),
  scope: jsonb().$type<CallScope>().notNull(),
  reason: text().notNull(),
  triggeredAt: timestamp({ withTimezone: true }).notNull(),
  triggeredBy: text().notNull(),
  releasedAt: timestamp({ withTimezone: true }),
  releasedBy: text(),
  releaseReason: text(),
});
