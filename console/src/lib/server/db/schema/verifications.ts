import { index, pgTable, text, timestamp } from "drizzle-orm/pg-core";

/** Sign-in links that were sent and not used. `identifier` has the hash of the token, never the token. */
export const verifications = pgTable(
  "verifications",
  {
    id: text().primaryKey(),
    identifier: text().notNull(),
    value: text().notNull(),
    expiresAt: timestamp({ withTimezone: true }).notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    updatedAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [index("verifications_identifier").on(table.identifier)],
);
