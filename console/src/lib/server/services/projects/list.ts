import { asc, eq } from "drizzle-orm";
import { deploymentRole, type Principal } from "../../access/principal.ts";
import type { Database } from "../../db/client.ts";
import { members } from "../../db/schema/members.ts";
import { projects } from "../../db/schema/projects.ts";

export interface ProjectSummary {
  readonly id: string;
  readonly name: string;
}

/** More projects than a switcher can show; the rest is reached by URL. */
const PROJECTS_LISTED_MAX = 500;

const summary = { id: projects.id, name: projects.name };

/** The projects that whoever asks has a part in, by name. */
export async function listProjects(db: Database, principal: Principal): Promise<ProjectSummary[]> {
  const byName = [asc(projects.name), asc(projects.id)] as const;
  if (deploymentRole(principal) !== undefined) {
    return db
      .select(summary)
      .from(projects)
      .orderBy(...byName)
      .limit(PROJECTS_LISTED_MAX);
  }
  if (principal.kind === "api_key") {
    return db.select(summary).from(projects).where(eq(projects.id, principal.projectId));
  }
  if (principal.kind !== "user") return [];
  return db
    .select(summary)
    .from(projects)
    .innerJoin(members, eq(members.organizationId, projects.organizationId))
    .where(eq(members.userId, principal.userId))
    .orderBy(...byName)
    .limit(PROJECTS_LISTED_MAX);
}

/** Every project there is: for the work that the console does by itself. */
export async function listProjectIds(db: Database): Promise<string[]> {
  const rows = await db.select({ id: projects.id }).from(projects).orderBy(asc(projects.id));
  return rows.map(({ id }) => id);
}

/** For those who may see every project; all others go through `authorizeProject`. */
export async function findProject(db: Database, id: string): Promise<ProjectSummary | undefined> {
  const [row] = await db.select(summary).from(projects).where(eq(projects.id, id));
  return row;
}
