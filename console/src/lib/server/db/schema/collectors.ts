import { pgTable, text, timestamp } from "drizzle-orm/pg-core";

/** Collectors by the random id of one start, and when each was heard last: what a silent one reported is not known. */
export const collectors = pgTable("collectors", {
  id: text().primaryKey(),
  seenAt: timestamp({ withTimezone: true }).notNull(),
});
