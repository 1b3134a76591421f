import { and, asc, eq, gt } from "drizzle-orm";
import type { Role } from "../../access/permissions.ts";
import type { Database } from "../../db/client.ts";
import { invitations } from "../../db/schema/invitations.ts";
import { members } from "../../db/schema/members.ts";
import { users } from "../../db/schema/users.ts";

export interface Member {
  readonly userId: string;
  readonly email: string;
  readonly role: Role;
  readonly joinedAt: Date;
}

export interface PendingInvitation {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  readonly isSentByMail: boolean;
  readonly expiresAt: Date;
}

/** By address. */
export async function listMembers(db: Database, organizationId: string): Promise<Member[]> {
  return db
    .select({
      userId: members.userId,
      email: users.email,
      role: members.role,
      joinedAt: members.createdAt,
    })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(eq(members.organizationId, organizationId))
    .orderBy(asc(users.email));
}

/** Those that can still be accepted, by address. */
export async function listInvitations(
  db: Database,
  organizationId: string,
  now: Date,
): Promise<PendingInvitation[]> {
  return db
    .select({
      id: invitations.id,
      email: invitations.email,
      role: invitations.role,
      isSentByMail: invitations.isSentByMail,
      expiresAt: invitations.expiresAt,
    })
    .from(invitations)
    .where(
      and(
        eq(invitations.organizationId, organizationId),
        eq(invitations.status, "pending"),
        gt(invitations.expiresAt, now),
      ),
    )
    .orderBy(asc(invitations.email));
}
