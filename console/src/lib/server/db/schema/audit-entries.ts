import { bigint, jsonb, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { bytea } from "./bytea.ts";

/**
 * Who changed what. Rows are only added: a trigger of the database refuses everything else, and each row has
 * the hash of the one before it, so that a row that was changed or taken out by other means shows.
 */
export const auditEntries = pgTable("audit_entries", {
  /** 1, 2, 3, ... without gaps. */
  sequence: bigint({ mode: "number" }).primaryKey(),
  at: timestamp({ withTimezone: true }).notNull(),
  actor: text().notNull(),
  /** `noun.verb`, as in "kill_switch.trigger". */
  action: text().notNull(),
  /** Null: not about one project. Not a reference: the log outlives what it tells of. */
  projectId: text(),
  subjectId: text().notNull(),
  before: jsonb().$type<unknown>(),
  after: jsonb().$type<unknown>(),
  previousHash: bytea().notNull(),
  hash: bytea().notNull(),
});
