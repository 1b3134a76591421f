import { and, eq, gt } from "drizzle-orm";
import type { Role } from "../../access/permissions.ts";
import { invitations } from "../../db/schema/invitations.ts";
import { organizations } from "../../db/schema/organizations.ts";
import { users } from "../../db/schema/users.ts";
import type { ServiceContext } from "../context.ts";
import { tokenSha256 } from "./invite.ts";

export interface FoundInvitation {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  readonly organizationName: string;
  readonly isSentByMail: boolean;
  /** Somebody has signed in with the address before. */
  readonly hasAccount: boolean;
}

/** The invitation of a link; undefined when it was used, canceled, replaced, or is too old. */
export async function findInvitation(
  { db, now }: ServiceContext,
  token: string,
): Promise<FoundInvitation | undefined> {
  const [found] = await db
    .select({
      id: invitations.id,
      email: invitations.email,
      role: invitations.role,
      isSentByMail: invitations.isSentByMail,
      organizationName: organizations.name,
      userId: users.id,
    })
    .from(invitations)
    .innerJoin(organizations, eq(organizations.id, invitations.organizationId))
    .leftJoin(users, eq(users.email, invitations.email))
    .where(
      and(
        eq(invitations.tokenSha256, tokenSha256(token)),
        eq(invitations.status, "pending"),
        gt(invitations.expiresAt, now()),
      ),
    );
  if (found === undefined) return undefined;
  const { userId, ...invitation } = found;
  return { ...invitation, hasAccount: userId !== null };
}
