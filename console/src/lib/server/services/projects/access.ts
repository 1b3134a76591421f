import { and, eq, sql } from "drizzle-orm";
import type { Role } from "../../access/permissions.ts";
import type { Database } from "../../db/client.ts";
import { members } from "../../db/schema/members.ts";
import { projects } from "../../db/schema/projects.ts";

export type ProjectRow = typeof projects.$inferSelect;

export interface ProjectAccessQuestion {
  readonly projectId: string;
  /** Whose role is asked for; undefined for those whose right does not come from a membership. */
  readonly userId: string | undefined;
}

/** The project and the user's role in its organisation, in one statement; undefined when there is no such project. */
export async function findProjectAccess(
  db: Database,
  { projectId, userId }: ProjectAccessQuestion,
): Promise<{ readonly project: ProjectRow; readonly role: Role | undefined } | undefined> {
  const isMember = and(
    eq(members.organizationId, projects.organizationId),
    userId === undefined ? sql`false` : eq(members.userId, userId),
  );
  const [found] = await db
    .select({ project: projects, role: members.role })
    .from(projects)
    .leftJoin(members, isMember)
    .where(eq(projects.id, projectId));
  return found && { project: found.project, role: found.role ?? undefined };
}
