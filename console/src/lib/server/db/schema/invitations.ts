import { sql } from "drizzle-orm";
import { boolean, check, index, pgTable, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
import type { Role } from "../../access/permissions.ts";
import { bytea } from "./bytea.ts";
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
    /** SHA-256 of the token of the link that accepts it. Null: it is accepted by signing in. */
    tokenSha256: bytea().unique(),
    /** Whoever has the link can read mail of the address. False: it was handed over by another way. */
    isSentByMail: boolean().notNull().default(false),
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
    // A second invitation replaces the first.
    uniqueIndex("invitations_pending")
      .on(table.organizationId, table.email)
      .where(sql`${table.status} = 'pending'`),
    index("invitations_email").on(table.email),
  ],
);
