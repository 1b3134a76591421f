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
  /** What people call it: "checkout service, production". Empty for keys that no person created. */
  name: text().notNull().default(""),
  /** First characters of the key, for people who look for it in their configuration. */
  prefix: text().notNull(),
  last4: text().notNull(),
  sha256: bytea().notNull().unique(),
  scopes: text().array().$type<KeyScope[]>().notNull(),
  /** Browser origins that may use the key; empty for server keys. */
  origins: text().array().notNull().default([]),
  createdAt: timestamp({ withTimezone: true }).notNull(),
  /** An actor of the audit log; null for keys that are older than that. */
  createdBy: text(),
  /** Refused from then on; never, when null. */
  expiresAt: timestamp({ withTimezone: true }),
  /** The newest use that a collector has told of, to the minute; null when it was never used. */
  lastUsedAt: timestamp({ withTimezone: true }),
  revokedAt: timestamp({ withTimezone: true }),
});
