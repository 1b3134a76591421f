import { bigint, boolean, check, pgTable, timestamp } from "drizzle-orm/pg-core";
import { sql } from "drizzle-orm";

/** One row: the version of the control snapshot, raised in the transaction of every change. */
export const controlVersions = pgTable(
  "control_versions",
  {
    onlyRow: boolean().primaryKey().default(true),
    version: bigint({ mode: "number" }).notNull(),
    changedAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [check("control_versions_only_row", sql`${table.onlyRow}`)],
);
