import { bigint, integer, pgTable, text } from "drizzle-orm/pg-core";

/** Attempts to sign in: per network address and per mail address (hashed); shared by every console. */
export const rateLimits = pgTable("rate_limits", {
  id: text().primaryKey(),
  key: text().notNull().unique(),
  count: integer().notNull(),
  /** Unix milliseconds of the first attempt that is counted. */
  lastRequest: bigint({ mode: "number" }).notNull(),
});
