import type { ContentPolicy } from "@lensai/otel-config/control/projects";
import { projects } from "../../db/schema/projects.ts";
import { appendAudit } from "../audit/append.ts";
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

/** Whoever has set up this console: what it makes by itself at the start is theirs. */
const SETTINGS_ACTOR = "settings";

/**
 * Creates a project; one that exists already is left as it is. The input is trusted: parse it with the
 * schemas in project-id.ts first.
 */
export async function ensureProject(
  context: ServiceContext,
  input: CreateProjectInput,
  actor: string = SETTINGS_ACTOR,
): Promise<{ isNew: boolean }> {
  const now = context.now();
  return context.db.transaction(async (transaction) => {
    const created = await transaction
      .insert(projects)
      .values({ organizationId: DEFAULT_ORGANIZATION_ID, ...input, createdAt: now })
      .onConflictDoNothing()
      .returning({ id: projects.id });
    const isNew = created.length === 1;
    if (!isNew) return { isNew };
    const { id, ...after } = input;
    const action = "project.create";
    await appendAudit(transaction, { at: now, actor, action, projectId: id, subjectId: id, after });
    await raiseControlVersion(transaction, now);
    return { isNew };
  });
}
