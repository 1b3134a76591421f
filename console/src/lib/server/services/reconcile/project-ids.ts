import { asc, eq, inArray } from "drizzle-orm";
import type { Principal } from "../../access/principal.ts";
import type { Database } from "../../db/client.ts";
import { projects } from "../../db/schema/projects.ts";
import type { ReconcileInput } from "./schemas.ts";

/**
 * The projects whose calls are compared, archived ones too: they were charged. Whoever may read a project may read all of its
 * organisation, but for keys, which are of one.
 */
export async function comparedProjectIds(
  db: Database,
  {
    projectId,
    principal,
    of,
  }: Pick<ReconcileInput, "of"> & { projectId: string; principal: Principal },
): Promise<string[]> {
  if (of === "project" || principal.kind === "api_key") return [projectId];
  const organization = db
    .select({ id: projects.organizationId })
    .from(projects)
    .where(eq(projects.id, projectId));
  const rows = await db
    .select({ id: projects.id })
    .from(projects)
    .where(inArray(projects.organizationId, organization))
    .orderBy(asc(projects.id));
  return rows.map(({ id }) => id);
}
