import { integer, pgTable, text, timestamp } from "drizzle-orm/pg-core";

/** An organisation: whose projects these are. Its members have one role in all of them. */
export const organizations = pgTable("organizations", {
  id: text().primaryKey(),
  name: text().notNull(),
  slug: text().notNull().unique(),
  logo: text(),
  /** JSON text, as the sign-in library writes it. */
  metadata: text(),
  /** Grows with every change, so that nobody overwrites what he has not seen. */
  version: integer().notNull().default(1),
  createdAt: timestamp({ withTimezone: true }).notNull(),
});
