import { pgTable, text, timestamp } from "drizzle-orm/pg-core";
import type { KeyScope } from "@lensai/otel-config/control/keys";
import { bytea } from "./bytea.ts";
import { projects } from "./projects.ts";

/** API keys. Only the hash is stored; the key itself is shown once, when it is created. */
export const apiKeys = pgTable("api_keys", {
  id: text().primaryKey(),
  projectId: text()
    .notNull()
    .references(() => projects.id),
  /** First characters of the key, for people who look for it in their configuration. */
  prefix: text().notNull(),
  last4: text().notNull(),
  sha256: bytea().notNull().unique(),
  scopes: text().array().$type<KeyScope[]>().notNull(),
  /** Browser origins that may use the key; empty for server keys. */
  origins: text().array().notNull().default([]),
  createdAt: timestamp({ withTimezone: true }).notNull(),
  revokedAt: timestamp({ withTimezone: true }),
});
