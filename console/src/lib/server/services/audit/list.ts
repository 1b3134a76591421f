import { and, asc, desc, eq, lt, or, sql, type AnyColumn, type SQL } from "drizzle-orm";
import type { AuditExtent } from "@lensai/otel-config/audit/audit-export";
import type { Database } from "../../db/client.ts";
import { auditEntries } from "../../db/schema/audit-entries.ts";
import { isWithin } from "./extent.ts";

export type AuditEntryRow = typeof auditEntries.$inferSelect;

export interface AuditListInput {
  readonly extent: AuditExtent;
  /** Only entries older than this one. */
  readonly beforeSequence: number | undefined;
  readonly limit: number;
  /** Only those of this actor. */
  readonly actor?: string | undefined;
  /** Only those whose action is this, or about this noun. */
  readonly action?: string | undefined;
}

/** What was changed, newest first. */
export async function listAuditEntries(
  db: Database,
  { extent, beforeSequence, limit, actor, action }: AuditListInput,
): Promise<AuditEntryRow[]> {
  const isOlder =
    beforeSequence === undefined ? undefined : lt(auditEntries.sequence, beforeSequence);
  return db
    .select()
    .from(auditEntries)
    .where(
      and(
        isWithin(db, extent),
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

/** Who has changed something there, and what kinds of things: to choose from. */
export async function auditFacets(
  db: Database,
  extent: AuditExtent,
): Promise<{ readonly actors: readonly string[]; readonly nouns: readonly string[] }> {
  const isListed = isWithin(db, extent);
  const noun = sql<string>`split_part(${auditEntries.action}, '.', 1)`;
  const [actors, nouns] = await Promise.all([
    db
      .selectDistinct({ actor: auditEntries.actor })
      .from(auditEntries)
      .where(isListed)
      .orderBy(asc(auditEntries.actor))
      .limit(FACETS_MAX),
    db.selectDistinct({ noun }).from(auditEntries).where(isListed).orderBy(noun).limit(FACETS_MAX),
  ]);
  return { actors: actors.map(({ actor }) => actor), nouns: nouns.map((each) => each.noun) };
}

const FACETS_MAX = 200;
