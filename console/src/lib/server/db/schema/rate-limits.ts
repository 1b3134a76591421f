import { bigint, integer, pgTable, text } from "drizzle-orm/pg-core";

/** Attempts to sign in, per address of the network and kind of attempt; shared by every console. */
export const rateLimits = pgTable("rate_limits", {
  id: text().primaryKey(),
  key: text().notNull().unique(),
  count: integer().notNull(),
  /** Unix milliseconds. */
  lastRequest: bigint({ mode: "number" }).notNull(),
});
