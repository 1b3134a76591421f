import type { ContentPolicy } from "@lensai/otel-config/control/projects";
import { projects } from "../../db/schema/projects.ts";
import type { ServiceContext } from "../context.ts";
import { DEFAULT_ORGANIZATION_ID } from "../organizations/default.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";

export interface CreateProjectInput {
  readonly id: string;
  readonly name: string;
  readonly content?: ContentPolicy;
  /** The default organisation, when not given. */
  readonly organizationId?: string;
}

/**
 * Creates a project; one that exists already is left as it is. The input is trusted: parse it with the
 * schemas in project-id.ts first.
 */
export async function ensureProject(
  context: ServiceContext,
  input: CreateProjectInput,
): Promise<{ isNew: boolean }> {
  const now = context.now();
  return context.db.transaction(async (transaction) => {
    const created = await transaction
      .insert(projects)
      .values({ organizationId: DEFAULT_ORGANIZATION_ID, ...input, createdAt: now })
      .onConflictDoNothing()
      .returning({ id: projects.id });
    const isNew = created.length === 1;
    if (isNew) await raiseControlVersion(transaction, now);
    return { isNew };
  });
}
