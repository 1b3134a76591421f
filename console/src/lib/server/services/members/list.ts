import { and, eq, gt } from "drizzle-orm";
import type { Role } from "../../access/permissions.ts";
import type { Database } from "../../db/client.ts";
import { invitations } from "../../db/schema/invitations.ts";
import { members } from "../../db/schema/members.ts";
import { users } from "../../db/schema/users.ts";
import { listOrder, WHOLE_LIST, type ListPart } from "../list-order.ts";

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
export const MEMBER_ORDER = listOrder<Member>({
  kind: "text",
  by: users.email,
  of: (member) => member.email,
});

/** In `MEMBER_ORDER`. */
export async function listMembers(
  db: Database,
  organizationId: string,
  { limit, after }: ListPart = WHOLE_LIST,
): Promise<Member[]> {
  return db
    .select({
      userId: members.userId,
      email: users.email,
      role: members.role,
      joinedAt: members.createdAt,
    })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(and(eq(members.organizationId, organizationId), MEMBER_ORDER.isBehind(after)))
    .orderBy(...MEMBER_ORDER.orderBy)
    .limit(limit);
}

/** By address. */
export const INVITATION_ORDER = listOrder<PendingInvitation>({
  kind: "text",
  by: invitations.email,
  of: (invitation) => invitation.email,
});

/** Those that can still be accepted, in `INVITATION_ORDER`. */
export async function listInvitations(
  db: Database,
  { organizationId, now }: { readonly organizationId: string; readonly now: Date },
  { limit, after }: ListPart = WHOLE_LIST,
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
        INVITATION_ORDER.isBehind(after),
      ),
    )
    .orderBy(...INVITATION_ORDER.orderBy)
    .limit(limit);
}
