import { index, pgTable, timestamp } from "drizzle-orm/pg-core";
import { bytea } from "./bytea.ts";

/** Answers of the API to writes that came with an Idempotency-Key, kept for repeats. */
export const idempotentAnswers = pgTable(
  "idempotent_answers",
  {
    /** SHA-256 over the caller's credential and the key: neither can be read from it. */
    id: bytea().primaryKey(),
    /** SHA-256 over method, path and body. */
    requestHash: bytea().notNull(),
    /** Encrypted under a key that follows from credential and Idempotency-Key, which are stored nowhere. */
    sealed: bytea().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    expiresAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [index("idempotent_answers_expires_at").on(table.expiresAt)],
);
