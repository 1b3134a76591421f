import { bigint, doublePrecision, foreignKey, index, pgTable, text } from "drizzle-orm/pg-core";
import { announcements } from "./announcements.ts";

/**
 * Of processes that lived when something was announced, and know of it: each in one row, with the others that a collector
 * told of together. Thousands come within a tenth of a second, and a row each would keep everybody waiting.
 */
export const receipts = pgTable(
  "receipts",
  {
    id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    subjectId: text().notNull(),
    kind: text().notNull(),
    /** These three have as many elements as there are processes, in the same order. */
    instanceIds: text().array().notNull(),
    serviceNames: text().array().notNull(),
    /** Milliseconds from the announcement until it held in the process. */
    knownAfterMs: doublePrecision().array().notNull(),
  },
  (table) => [
    foreignKey({
      columns: [table.subjectId, table.kind],
      foreignColumns: [announcements.subjectId, announcements.kind],
    }).onDelete("cascade"),
    index("receipts_announcement").on(table.subjectId, table.kind),
  ],
);
