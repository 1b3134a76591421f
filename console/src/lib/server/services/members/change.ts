import { and, eq } from "drizzle-orm";
import type { Role } from "../../access/permissions.ts";
import { members } from "../../db/schema/members.ts";
import { appendAudit, lockAuditLog } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import type { Transaction } from "../snapshot/raise-version.ts";
import { mayGrant, type Grantor } from "./grantor.ts";
import type { ChangeRoleInput } from "./schemas.ts";

/** `last_owner`: an organisation without an owner could never have one again. */
export type MemberChangeOutcome = "changed" | "unknown" | "last_owner" | "above_own_role";

/** Gives a member another role. Both the old and the new one must be among those that the grantor may give. */
export async function changeRole(
  context: ServiceContext,
  { userId, role }: ChangeRoleInput,
  grantor: Grantor,
): Promise<MemberChangeOutcome> {
  if (!mayGrant(grantor, role)) return "above_own_role";
  return context.db.transaction(async (transaction) => {
    const refusal = await refuseChange(transaction, userId, {
      grantor,
      keepsOwner: role === "owner",
    });
    if (typeof refusal === "string") return refusal;
    await transaction.update(members).set({ role }).where(isMember(grantor, userId));
    await appendAudit(transaction, {
      ...entryOf(context, grantor, userId),
      action: "member.change_role",
      before: { organizationId: grantor.organizationId, role: refusal.role },
      after: { organizationId: grantor.organizationId, role },
    });
    return "changed";
  });
}

/** Takes a member out: the next request of his sees nothing of the organisation. Members may take themselves out. */
export async function removeMember(
  context: ServiceContext,
  { userId }: { readonly userId: string },
  grantor: Grantor,
): Promise<MemberChangeOutcome> {
  return context.db.transaction(async (transaction) => {
    const refusal = await refuseChange(transaction, userId, { grantor, keepsOwner: false });
    if (typeof refusal === "string") return refusal;
    await transaction.delete(members).where(isMember(grantor, userId));
    await appendAudit(transaction, {
      ...entryOf(context, grantor, userId),
      action: "member.remove",
      before: { organizationId: grantor.organizationId, role: refusal.role },
    });
    return "changed";
  });
}

/** What speaks against it, or the role that the member has now. */
async function refuseChange(
  transaction: Transaction,
  userId: string,
  { grantor, keepsOwner }: { readonly grantor: Grantor; readonly keepsOwner: boolean },
): Promise<MemberChangeOutcome | { readonly role: Role }> {
  await lockAuditLog(transaction);
  // Locked in one order, so that two owners who take each other's role wait for each other: the second finds one owner.
  const owners = await transaction
    .select({ userId: members.userId })
    .from(members)
    .where(and(eq(members.organizationId, grantor.organizationId), eq(members.role, "owner")))
    .orderBy(members.id)
    .for("no key update");
  const [member] = await transaction.select().from(members).where(isMember(grantor, userId));
  if (member === undefined) return "unknown";
  const isSelf = grantor.userId === userId;
  if (!isSelf && !mayGrant(grantor, member.role)) return "above_own_role";
  const isLastOwner = member.role === "owner" && owners.length === 1;
  return isLastOwner && !keepsOwner ? "last_owner" : { role: member.role };
}

const isMember = ({ organizationId }: Grantor, userId: string) =>
  and(eq(members.organizationId, organizationId), eq(members.userId, userId));

const entryOf = (context: ServiceContext, { actor }: Grantor, userId: string) => ({
  at: context.now(),
  actor,
  projectId: undefined,
  subjectId: `user:${userId}`,
});
