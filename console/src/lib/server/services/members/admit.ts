import { and, eq, gt } from "drizzle-orm";
import type { Role } from "../../access/permissions.ts";
import { invitations } from "../../db/schema/invitations.ts";
import { members } from "../../db/schema/members.ts";
import { users } from "../../db/schema/users.ts";
import { appendAudit, lockAuditLog } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { DEFAULT_ORGANIZATION_ID } from "../organizations/default.ts";
import type { Transaction } from "../snapshot/raise-version.ts";
import { memberId } from "./member-id.ts";

/** Somebody who has just shown that an address is his, or has the link of one invitation. */
export interface Admission {
  readonly userId: string;
  readonly email: string;
  /** The operator's word; undefined when there is none. */
  readonly ownerEmail: string | undefined;
  /** The one invitation to accept, whose link was handed over without mail: it shows nothing about the address. */
  readonly onlyInvitationId?: string | undefined;
}

/** May this address have a session: a member, an invited one, or the operator's owner? */
export async function maySignIn(
  { db, now }: ServiceContext,
  { email, ownerEmail }: Pick<Admission, "email" | "ownerEmail">,
): Promise<boolean> {
  const invited = db
    .select({ id: invitations.id })
    .from(invitations)
    .where(isPending(email, now()))
    .limit(1);
  const joined = db
    .select({ id: members.id })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(eq(users.email, email))
    .limit(1);
  const found = await Promise.all([invited, joined]);
  return email === ownerEmail || found.some((rows) => rows.length > 0);
}

/** Accepts what is pending for the address, and makes the operator's owner one. Returns in how many organisations he is now. */
export async function admitUser(context: ServiceContext, admission: Admission): Promise<number> {
  const { userId, email, ownerEmail, onlyInvitationId } = admission;
  const now = context.now();
  return context.db.transaction(async (transaction) => {
    await lockAuditLog(transaction);
    if (email === ownerEmail && onlyInvitationId === undefined) {
      await makeOwner(context, transaction, userId);
    }
    const chosen = onlyInvitationId && eq(invitations.id, onlyInvitationId);
    const accepted = await transaction
      .update(invitations)
      .set({ status: "accepted" })
      .where(and(isPending(email, now), chosen || undefined))
      .returning();
    for (const { id, organizationId, role } of accepted) {
      await join(context, transaction, { userId, organizationId, role, invitationId: id });
    }
    const joined = await transaction.$count(members, eq(members.userId, userId));
    return joined;
  });
}

const isPending = (email: string, now: Date) =>
  and(
    eq(invitations.email, email),
    eq(invitations.status, "pending"),
    gt(invitations.expiresAt, now),
  );

interface Joining {
  readonly userId: string;
  readonly organizationId: string;
  readonly role: Role;
  readonly invitationId: string;
}

async function join(
  context: ServiceContext,
  transaction: Transaction,
  { userId, organizationId, role, invitationId }: Joining,
): Promise<void> {
  const createdAt = context.now();
  const joined = await transaction
    .insert(members)
    .values({ id: memberId(context), organizationId, userId, role, createdAt })
    .onConflictDoNothing()
    .returning({ id: members.id });
  // A member already: the role that he was given otherwise stays.
  if (joined.length === 0) return;
  await appendAudit(transaction, {
    at: createdAt,
    actor: `user:${userId}`,
    action: "member.join",
    projectId: undefined,
    subjectId: `user:${userId}`,
    after: { organizationId, role, invitationId },
  });
}

/** With every sign-in, so that whoever runs the deployment can get back into it. */
async function makeOwner(
  context: ServiceContext,
  transaction: Transaction,
  userId: string,
): Promise<void> {
  const at = context.now();
  const organizationId = DEFAULT_ORGANIZATION_ID;
  const isHis = and(eq(members.organizationId, organizationId), eq(members.userId, userId));
  const [member] = await transaction.select().from(members).where(isHis);
  if (member?.role === "owner") return;
  const role = "owner";
  await transaction
    .insert(members)
    .values({ id: memberId(context), organizationId, userId, role, createdAt: at })
    .onConflictDoUpdate({ target: [members.organizationId, members.userId], set: { role } });
  await appendAudit(transaction, {
    at,
    actor: "settings",
    action: "member.join",
    projectId: undefined,
    subjectId: `user:${userId}`,
    ...(member !== undefined && { before: { organizationId, role: member.role } }),
    after: { organizationId, role },
  });
}
