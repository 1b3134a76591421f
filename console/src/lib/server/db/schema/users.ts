import { boolean, pgTable, text, timestamp } from "drizzle-orm/pg-core";

/** People. The id is what the audit log has of them; the address stays here. */
export const users = pgTable("users", {
  id: text().primaryKey(),
  name: text().notNull(),
  /** In lower case. */
  email: text().notNull().unique(),
  emailVerified: boolean().notNull().default(false),
  image: text(),
  createdAt: timestamp({ withTimezone: true }).notNull(),
  updatedAt: timestamp({ withTimezone: true }).notNull(),
});
