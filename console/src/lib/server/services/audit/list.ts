import { and, desc, eq, lt } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { auditEntries } from "../../db/schema/audit-entries.ts";

export type AuditEntryRow = typeof auditEntries.$inferSelect;

export interface AuditListInput {
  readonly projectId: string;
  /** Only entries older than this one. */
  readonly beforeSequence: number | undefined;
  readonly limit: number;
}

/** What was changed in a project, newest first. */
export async function listAuditEntries(
  db: Database,
  { projectId, beforeSequence, limit }: AuditListInput,
): Promise<AuditEntryRow[]> {
  const isOlder =
    beforeSequence === undefined ? undefined : lt(auditEntries.sequence, beforeSequence);
  return db
    .select()
    .from(auditEntries)
    .where(and(eq(auditEntries.projectId, projectId), isOlder))
    .orderBy(desc(auditEntries.sequence))
    .limit(limit);
}
