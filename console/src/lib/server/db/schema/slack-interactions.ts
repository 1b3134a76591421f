import { pgTable, text, timestamp } from "drizzle-orm/pg-core";

/** Signatures of Slack's requests that were seen: a request counts once, whichever console it reaches. */
export const slackInteractions = pgTable("slack_interactions", {
  signature: text().primaryKey(),
  receivedAt: timestamp({ withTimezone: true }).notNull(),
});
