import { eq, sql } from "drizzle-orm";
import { projects } from "../../db/schema/projects.ts";
import { appendAudit, lockAuditLog } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";
import type { ProjectRow } from "./access.ts";

export interface ArchiveProjectInput {
  readonly projectId: string;
  /** False: it is restored. */
  readonly isArchived: boolean;
}

/**
 * Archives a project, or restores it. An archived one can be read and not changed, is in no list by default, and collectors
 * take nothing for it and tell nobody its policy; nothing of it is deleted. Answers with the project; undefined when
 * there is none. One that is so already stays as it is, and the audit log says nothing.
 */
export async function archiveProject(
  context: ServiceContext,
  { projectId, isArchived }: ArchiveProjectInput,
  actor: string,
): Promise<ProjectRow | undefined> {
  const now = context.now();
  return context.db.transaction(async (transaction) => {
    await lockAuditLog(transaction);
    const isThis = eq(projects.id, projectId);
    const [before] = await transaction.select().from(projects).where(isThis).for("no key update");
    if (before === undefined || (before.archivedAt !== null) === isArchived) return before;
    const archivedAt = isArchived ? now : null;
    const [project] = await transaction
      .update(projects)
      .set({ archivedAt, version: sql`${projects.version} + 1` })
      .where(isThis)
      .returning();
    await appendAudit(transaction, {
      at: now,
      actor,
      action: isArchived ? "project.archive" : "project.restore",
      projectId,
      subjectId: projectId,
      before: { archivedAt: before.archivedAt?.toISOString() ?? null },
      after: { archivedAt: archivedAt?.toISOString() ?? null },
    });
    await raiseControlVersion(transaction, now);
    return project;
  });
}
