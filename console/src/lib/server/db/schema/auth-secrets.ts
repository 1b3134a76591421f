import { boolean, check, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { sql } from "drizzle-orm";

/** One row: the secret that sessions are signed with, unless the operator gives one. Every console uses the same. */
export const authSecrets = pgTable(
  "auth_secrets",
  {
    onlyRow: boolean().primaryKey().default(true),
    secret: text().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [check("auth_secrets_only_row", sql`${table.onlyRow}`)],
);
