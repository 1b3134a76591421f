import { and, eq, inArray, isNull, or, sql, type SQL } from "drizzle-orm";
import type { AuditExtent } from "@lensai/otel-config/audit/audit-export";
import type { Database } from "../../db/client.ts";
import { auditEntries } from "../../db/schema/audit-entries.ts";
import { projects } from "../../db/schema/projects.ts";

export const ofProject = (projectId: string): AuditExtent => ({ projectId });

export const ofOrganization = (organizationId: string): AuditExtent => ({
  projectId: null,
  organizationId,
});

export const WHOLE_LOG: AuditExtent = { projectId: null };

/** Only the entries of the extent. Those about no project say in what has changed whose it was. */
export function isWithin(
  db: Database,
  { projectId, organizationId }: AuditExtent,
): SQL | undefined {
  if (projectId !== null) return eq(auditEntries.projectId, projectId);
  if (organizationId === undefined) return undefined;
  const ownProjects = db
    .select({ id: projects.id })
    .from(projects)
    .where(eq(projects.organizationId, organizationId));
  const { before, after } = auditEntries;
  const named = sql`coalesce(${after} ->> 'organizationId', ${before} ->> 'organizationId')`;
  return or(
    inArray(auditEntries.projectId, ownProjects),
    and(isNull(auditEntries.projectId), eq(named, organizationId)),
  );
}
