import { asc, eq } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { projects } from "../../db/schema/projects.ts";

export interface ProjectSummary {
  readonly id: string;
  readonly name: string;
}

/** More projects than a switcher can show; the rest is reached by URL. */
const PROJECTS_LISTED_MAX = 500;

/** Every project, by name. */
export async function listProjects(db: Database): Promise<ProjectSummary[]> {
  return db
    .select({ id: projects.id, name: projects.name })
    .from(projects)
    .orderBy(asc(projects.name), asc(projects.id))
    .limit(PROJECTS_LISTED_MAX);
}

export async function findProject(db: Database, id: string): Promise<ProjectSummary | undefined> {
  const [row] = await db
    .select({ id: projects.id, name: projects.name })
    .from(projects)
    .where(eq(projects.id, id));
  return row;
}
