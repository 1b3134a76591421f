import { boolean, check, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { sql } from "drizzle-orm";
import { bytea } from "./bytea.ts";

/**
 * One row: the key that the consoles of this database sign with. Collectors keep to the public key that they saw
 * first, so it never changes by itself.
 */
export const consoleKeys = pgTable(
  "console_keys",
  {
    onlyRow: boolean().primaryKey().default(true),
    /** The public key: `ed25519:<base64url>`. */
    keyId: text().notNull(),
    /** Of the Ed25519 private key: who can read this table can sign. */
    seed: bytea().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [check("console_keys_only_row", sql`${table.onlyRow}`)],
);
