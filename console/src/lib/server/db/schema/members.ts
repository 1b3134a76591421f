import { sql } from "drizzle-orm";
import { check, index, pgTable, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
import type { Role } from "../../access/permissions.ts";
import { organizations } from "./organizations.ts";
import { users } from "./users.ts";

/** Who belongs to an organisation, as what. */
export const members = pgTable(
  "members",
  {
    id: text().primaryKey(),
    organizationId: text()
      .notNull()
      .references(() => organizations.id, { onDelete: "cascade" }),
    userId: text()
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    role: text().$type<Role>().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [
    check("members_role", sql`${table.role} in ('owner', 'admin', 'member', 'viewer', 'billing')`),
    // One role per person and organisation: two would leave open which one counts.
    uniqueIndex("members_organization_user").on(table.organizationId, table.userId),
    index("members_user").on(table.userId),
  ],
);
