import { and, eq } from "drizzle-orm";
import { members } from "../../db/schema/members.ts";
import { organizations } from "../../db/schema/organizations.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { memberId } from "../members/member-id.ts";
import { ID_SUFFIX_LENGTH, projectIdOf } from "../projects/create-in-organization.ts";
import type { OrganizationTerms } from "./schemas.ts";

export interface Founder {
  /** Of the audit log. */
  readonly actor: string;
  /** Becomes the owner; null: whoever may do everything anyway. */
  readonly userId: string | null;
}

/** More is a mistake of a program, or somebody who wants to fill the database. */
const ORGANIZATIONS_OWNED_MAX = 20;

/**
 * Creates an organisation, with whoever asks as its owner; its id says its name, as those of projects do. `too_many`: he
 * owns as many as one may.
 */
export async function createOrganization(
  context: ServiceContext,
  { name }: OrganizationTerms,
  { actor, userId }: Founder,
): Promise<{ readonly id: string } | "too_many"> {
  const createdAt = context.now();
  const id = projectIdOf(name, context.randomBytes(ID_SUFFIX_LENGTH), "organization");
  return context.db.transaction(async (transaction) => {
    if (userId !== null) {
      const isOwned = and(eq(members.userId, userId), eq(members.role, "owner"));
      if ((await transaction.$count(members, isOwned)) >= ORGANIZATIONS_OWNED_MAX) {
        return "too_many";
      }
    }
    await transaction.insert(organizations).values({ id, name, slug: id, createdAt });
    if (userId !== null) {
      const member = { id: memberId(context), organizationId: id, userId, createdAt };
      await transaction.insert(members).values({ ...member, role: "owner" });
    }
    await appendAudit(transaction, {
      at: createdAt,
      actor,
      action: "organization.create",
      projectId: undefined,
      subjectId: id,
      after: { organizationId: id, name, ...(userId !== null && { owner: `user:${userId}` }) },
    });
    return { id };
  });
}
