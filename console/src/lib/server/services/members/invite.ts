import { createHash } from "node:crypto";
import { and, eq, sql } from "drizzle-orm";
import { invitations } from "../../db/schema/invitations.ts";
import { members } from "../../db/schema/members.ts";
import { users } from "../../db/schema/users.ts";
import { appendAudit, lockAuditLog } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import type { Transaction } from "../snapshot/raise-version.ts";
import { mayGrant, type Grantor } from "./grantor.ts";
import type { InviteInput } from "./schemas.ts";

export type InviteOutcome =
  | { readonly outcome: "invited"; readonly invitationId: string; readonly token: string }
  | { readonly outcome: "already_member" }
  | { readonly outcome: "above_own_role" };

const INVITATION_DAYS = 7;
const DAY_MS = 86_400_000;
const TOKEN_RANDOM_BYTES = 24;
const ID_RANDOM_BYTES = 9;

export const tokenSha256 = (token: string): Buffer => createHash("sha256").update(token).digest();

/**
 * Lets an address sign in and become a member. A pending invitation of the same address is replaced, with its link.
 * `isSentByMail`: the link goes nowhere but to the address, so whoever has it owns the address.
 */
export async function inviteMember(
  context: ServiceContext,
  input: InviteInput & { readonly isSentByMail: boolean },
  grantor: Grantor,
): Promise<InviteOutcome> {
  const now = context.now();
  const { organizationId, actor } = grantor;
  const { email, role, isSentByMail } = input;
  if (!mayGrant(grantor, role)) return { outcome: "above_own_role" };
  const token = base64url(context.randomBytes(TOKEN_RANDOM_BYTES));
  const id = `invite_${base64url(context.randomBytes(ID_RANDOM_BYTES))}`;
  return context.db.transaction(async (transaction) => {
    await lockAuditLog(transaction);
    if (await isMember(transaction, organizationId, email)) return { outcome: "already_member" };
    const row = {
      role,
      isSentByMail,
      tokenSha256: tokenSha256(token),
      inviterId: grantor.userId,
      createdAt: now,
      expiresAt: new Date(now.getTime() + INVITATION_DAYS * DAY_MS),
    };
    const [invited] = await transaction
      .insert(invitations)
      .values({ id, organizationId, email, status: "pending", ...row })
      .onConflictDoUpdate({
        target: [invitations.organizationId, invitations.email],
        targetWhere: sql`${invitations.status} = 'pending'`,
        set: row,
      })
      .returning({ id: invitations.id });
    const invitationId = invited?.id ?? id;
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "member.invite",
      projectId: undefined,
      subjectId: invitationId,
      after: { organizationId, role },
    });
    return { outcome: "invited", invitationId, token };
  });
}

async function isMember(
  transaction: Transaction,
  organizationId: string,
  email: string,
): Promise<boolean> {
  const found = await transaction
    .select({ id: members.id })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(and(eq(members.organizationId, organizationId), eq(users.email, email)));
  return found.length > 0;
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
