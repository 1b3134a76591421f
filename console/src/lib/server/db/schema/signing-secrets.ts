import { pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { bytea } from "./bytea.ts";
import { projects } from "./projects.ts";

/**
 * Secrets that exports are signed with. An HMAC is verified with the secret itself, so it is stored as it is:
 * who can read this table can sign.
 */
export const signingSecrets = pgTable("signing_secrets", {
  id: text().primaryKey(),
  projectId: text()
    .notNull()
    .references(() => projects.id),
  secret: bytea().notNull(),
  createdAt: timestamp({ withTimezone: true }).notNull(),
  /** Signatures are refused from then on; never, when NULL. */
  expiresAt: timestamp({ withTimezone: true }),
  revokedAt: timestamp({ withTimezone: true }),
});
