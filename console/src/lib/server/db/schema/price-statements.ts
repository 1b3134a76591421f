import { integer, jsonb, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import type { PriceStatement } from "../../services/prices/schemas.ts";
import { projects } from "./projects.ts";

/**
 * What projects have said about prices. Rows are only added: a correction is a later one about the same thing, so that what was
 * believed at any earlier moment can be asked for.
 */
export const priceStatements = pgTable(
  "price_statements",
  {
    projectId: text()
      .notNull()
      .references(() => projects.id),
    /** 1, 2, 3, ... in each project: the order in which they were made. */
    number: integer().notNull(),
    /** As an entry of a price document, without project and who recorded it when. */
    statement: jsonb().$type<PriceStatement>().notNull(),
    recordedAt: timestamp({ withTimezone: true }).notNull(),
    /** An actor of the audit log. */
    recordedBy: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.projectId, table.number] })],
);
