import { sql } from "drizzle-orm";
import { check, index, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import type { Role } from "../../access/permissions.ts";
import { organizations } from "./organizations.ts";
import { users } from "./users.ts";

/** Addresses that may sign in although nobody has done so with them yet. */
export const invitations = pgTable(
  "invitations",
  {
    id: text().primaryKey(),
    organizationId: text()
      .notNull()
      .references(() => organizations.id, { onDelete: "cascade" }),
    /** In lower case, as the sign-in library stores addresses. */
    email: text().notNull(),
    role: text().$type<Role>().notNull(),
    status: text({ enum: ["pending", "accepted", "canceled"] })
      .notNull()
      .default("pending"),
    /** Null: the owner of a console without sign-in. */
    inviterId: text().references(() => users.id, { onDelete: "set null" }),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    expiresAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [
    check(
      "invitations_role",
      sql`${table.role} in ('owner', 'admin', 'member', 'viewer', 'billing')`,
    ),
    index("invitations_email").on(table.email),
    index("invitations_organization").on(table.organizationId),
  ],
);
