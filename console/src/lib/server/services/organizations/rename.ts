import { eq, sql } from "drizzle-orm";
import { organizations } from "../../db/schema/organizations.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import type { OrganizationTerms } from "./schemas.ts";

export type OrganizationRow = typeof organizations.$inferSelect;

export interface RenameOrganizationInput extends OrganizationTerms {
  readonly organizationId: string;
  /** The version that whoever asks has seen; "any" renames it whatever it is. */
  readonly expectedVersion: number | "any";
}

export type RenameOrganizationResult =
  | { readonly outcome: "renamed"; readonly organization: OrganizationRow }
  | { readonly outcome: "unknown" }
  /** Somebody else was faster; nothing was changed. */
  | { readonly outcome: "conflict"; readonly currentVersion: number };

/** Gives an organisation another name; its id stays. */
export async function renameOrganization(
  context: ServiceContext,
  { organizationId, name, expectedVersion }: RenameOrganizationInput,
  actor: string,
): Promise<RenameOrganizationResult> {
  return context.db.transaction(async (transaction) => {
    const isThis = eq(organizations.id, organizationId);
    const [before] = await transaction
      .select()
      .from(organizations)
      .where(isThis)
      // Members and projects can be added meanwhile.
      .for("no key update");
    if (before === undefined) return { outcome: "unknown" };
    if (expectedVersion !== "any" && before.version !== expectedVersion) {
      return { outcome: "conflict", currentVersion: before.version };
    }
    if (before.name === name) return { outcome: "renamed", organization: before };
    const version = sql`${organizations.version} + 1`;
    const changed = await transaction
      .update(organizations)
      .set({ name, version })
      .where(isThis)
      .returning();
    await appendAudit(transaction, {
      at: context.now(),
      actor,
      action: "organization.rename",
      projectId: undefined,
      subjectId: organizationId,
      before: { organizationId, name: before.name },
      after: { organizationId, name },
    });
    return { outcome: "renamed", organization: changed[0] ?? before };
  });
}
