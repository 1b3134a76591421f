import { and, eq } from "drizzle-orm";
import { invitations } from "../../db/schema/invitations.ts";
import { appendAudit, lockAuditLog } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import type { Grantor } from "./grantor.ts";

/** The link ends to work. False when the organisation has no such invitation that is pending. */
export async function cancelInvitation(
  context: ServiceContext,
  { invitationId }: { readonly invitationId: string },
  { organizationId, actor }: Grantor,
): Promise<boolean> {
  return context.db.transaction(async (transaction) => {
    await lockAuditLog(transaction);
    const canceled = await transaction
      .update(invitations)
      .set({ status: "canceled" })
      .where(
        and(
          eq(invitations.organizationId, organizationId),
          eq(invitations.id, invitationId),
          eq(invitations.status, "pending"),
        ),
      )
      .returning({ role: invitations.role });
    if (canceled.length === 0) return false;
    await appendAudit(transaction, {
      at: context.now(),
      actor,
      action: "member.cancel_invitation",
      projectId: undefined,
      subjectId: invitationId,
      before: { organizationId, role: canceled[0]?.role },
    });
    return true;
  });
}
