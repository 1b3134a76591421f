import { and, asc, desc, eq, lt, or, sql, type AnyColumn, type SQL } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { auditEntries } from "../../db/schema/audit-entries.ts";

export type AuditEntryRow = typeof auditEntries.$inferSelect;

export interface AuditListInput {
  readonly projectId: string;
  /** Only entries older than this one. */
  readonly beforeSequence: number | undefined;
  readonly limit: number;
  /** Only those of this actor. */
  readonly actor?: string | undefined;
  /** Only those whose action is this, or about this noun. */
  readonly action?: string | undefined;
}

/** What was changed in a project, newest first. */
export async function listAuditEntries(
  db: Database,
  { projectId, beforeSequence, limit, actor, action }: AuditListInput,
): Promise<AuditEntryRow[]> {
  const isOlder =
    beforeSequence === undefined ? undefined : lt(auditEntries.sequence, beforeSequence);
  return db
    .select()
    .from(auditEntries)
    .where(
      and(
        eq(auditEntries.projectId, projectId),
        isOlder,
        actor === undefined ? undefined : eq(auditEntries.actor, actor),
        action === undefined
          ? undefined
          : or(eq(auditEntries.action, action), startsWith(auditEntries.action, `${action}.`)),
      ),
    )
    .orderBy(desc(auditEntries.sequence))
    .limit(limit);
}

/** Not LIKE: an underscore of an action is no wildcard. */
const startsWith = (column: AnyColumn, prefix: string): SQL =>
  sql`starts_with(${column}, ${prefix})`;

/** Who has changed something in the project, and what kinds of things: to choose from. */
export async function auditFacets(
  db: Database,
  projectId: string,
): Promise<{ readonly actors: readonly string[]; readonly nouns: readonly string[] }> {
  const ofProject = eq(auditEntries.projectId, projectId);
  const noun = sql<string>`split_part(${auditEntries.action}, '.', 1)`;
  const [actors, nouns] = await Promise.all([
    db
      .selectDistinct({ actor: auditEntries.actor })
      .from(auditEntries)
      .where(ofProject)
      .orderBy(asc(auditEntries.actor))
      .limit(FACETS_MAX),
    db.selectDistinct({ noun }).from(auditEntries).where(ofProject).orderBy(noun).limit(FACETS_MAX),
  ]);
  return { actors: actors.map(({ actor }) => actor), nouns: nouns.map((each) => each.noun) };
}

const FACETS_MAX = 200;
