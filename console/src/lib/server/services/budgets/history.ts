import { and, desc, eq } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { auditEntries } from "../../db/schema/audit-entries.ts";

export interface BudgetChange {
  readonly sequence: number;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Older ones are in the audit log. */
const CHANGES_LISTED_MAX = 30;

/** What the audit log tells of a budget, latest first. */
export async function budgetChanges(
  db: Database,
  { projectId, budgetId }: { projectId: string; budgetId: string },
): Promise<BudgetChange[]> {
  return db
    .select({
      sequence: auditEntries.sequence,
      at: auditEntries.at,
      actor: auditEntries.actor,
      action: auditEntries.action,
      before: auditEntries.before,
      after: auditEntries.after,
    })
    .from(auditEntries)
    .where(and(eq(auditEntries.projectId, projectId), eq(auditEntries.subjectId, budgetId)))
    .orderBy(desc(auditEntries.sequence))
    .limit(CHANGES_LISTED_MAX);
}
