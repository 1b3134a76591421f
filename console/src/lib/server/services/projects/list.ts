import { and, asc, eq, inArray, isNull, not, sql, type SQL } from "drizzle-orm";
import { deploymentRole, type Principal } from "../../access/principal.ts";
import type { Database } from "../../db/client.ts";
import { members } from "../../db/schema/members.ts";
import { projects } from "../../db/schema/projects.ts";
import { listOrder, type ListPart } from "../list-order.ts";

export interface ProjectSummary {
  readonly id: string;
  readonly name: string;
}

const summary = { id: projects.id, name: projects.name };

/** By name. */
export const PROJECT_ORDER = listOrder<ProjectSummary>(
  { kind: "text", by: projects.name, of: (project) => project.name },
  { kind: "text", by: projects.id, of: (project) => project.id },
);

/** More projects than a switcher can show; the rest is reached by URL. */
const PROJECTS_SHOWN: ListPart = { limit: 500 };

/** Those in use, or those that were archived. */
export const PROJECT_STATES = ["active", "archived"] as const;
export type ProjectState = (typeof PROJECT_STATES)[number];

const isInUse = isNull(projects.archivedAt);

/** The projects that whoever asks has a part in, in `PROJECT_ORDER`. */
export async function listProjects(
  db: Database,
  { principal, state = "active" }: { principal: Principal; state?: ProjectState },
  { limit, after }: ListPart = PROJECTS_SHOWN,
): Promise<ProjectSummary[]> {
  const isOwn = isOf(db, principal);
  if (isOwn === undefined) return [];
  return db
    .select(summary)
    .from(projects)
    .where(and(isOwn, state === "active" ? isInUse : not(isInUse), PROJECT_ORDER.isBehind(after)))
    .orderBy(...PROJECT_ORDER.orderBy)
    .limit(limit);
}

/** Only projects that whoever asks has a part in; undefined when there is none. */
function isOf(db: Database, principal: Principal): SQL | undefined {
  if (deploymentRole(principal) !== undefined) return sql`true`;
  if (principal.kind === "api_key") return eq(projects.id, principal.projectId);
  if (principal.kind !== "user") return undefined;
  const ownOrganizations = db
    .select({ id: members.organizationId })
    .from(members)
    .where(eq(members.userId, principal.userId));
  return inArray(projects.organizationId, ownOrganizations);
}

/** Every project in use: for the work that the console does by itself. */
export async function listProjectIds(db: Database): Promise<string[]> {
  const rows = await db
    .select({ id: projects.id })
    .from(projects)
    .where(isInUse)
    .orderBy(asc(projects.id));
  return rows.map(({ id }) => id);
}

/** Is there such a project, and is it archived? */
export async function isArchived(db: Database, id: string): Promise<boolean> {
  return (await db.$count(projects, and(eq(projects.id, id), not(isInUse)))) > 0;
}

/** For those who may see every project; all others go through `authorizeProject`. */
export async function findProject(db: Database, id: string): Promise<ProjectSummary | undefined> {
  const [row] = await db.select(summary).from(projects).where(eq(projects.id, id));
  return row;
}
