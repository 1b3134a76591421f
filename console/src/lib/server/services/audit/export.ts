import { and, asc, desc, gt, lte } from "drizzle-orm";
import {
  AuditExportWriter,
  type AuditExportEntry,
  type AuditExtent,
} from "@lensai/otel-config/audit/audit-export";
import { FIRST_PREVIOUS_HASH } from "@lensai/otel-config/audit/entry-hash";
import type { SigningKeyPair } from "@lensai/otel-config/signing/ed25519";
import type { Database } from "../../db/client.ts";
import { auditEntries } from "../../db/schema/audit-entries.ts";
import { isWithin } from "./extent.ts";
import type { AuditEntryRow } from "./list.ts";

export interface AuditExportInput {
  readonly extent: AuditExtent;
  readonly now: Date;
  readonly signingKey: SigningKeyPair;
}

/** Entries read at once. */
const PAGE = 1000;

/**
 * The lines of a signed export, up to the entry that is the newest when it begins. It reads as slowly as it is read,
 * and holds one page.
 * @yields {string} A line with its end.
 */
export async function* exportAudit(
  db: Database,
  { extent, now, signingKey }: AuditExportInput,
): AsyncGenerator<string> {
  const writer = new AuditExportWriter(extent, now);
  const head = await newestEntry(db);
  yield writer.header();
  let sequence = 0;
  while (sequence < head.headSequence) {
    const rows = await entriesBetween(db, { extent, after: sequence, upTo: head.headSequence });
    for (const row of rows) yield writer.entry(toExportEntry(row));
    sequence = rows.length < PAGE ? head.headSequence : (rows.at(-1)?.sequence ?? Infinity);
  }
  yield writer.head(head, signingKey);
}

async function newestEntry(db: Database): Promise<{ headSequence: number; headHash: string }> {
  const [newest] = await db
    .select({ sequence: auditEntries.sequence, hash: auditEntries.hash })
    .from(auditEntries)
    .orderBy(desc(auditEntries.sequence))
    .limit(1);
  const { sequence, hash } = newest ?? { sequence: 0, hash: FIRST_PREVIOUS_HASH };
  return { headSequence: sequence, headHash: hash.toString("hex") };
}

function entriesBetween(
  db: Database,
  { extent, after, upTo }: { extent: AuditExtent; after: number; upTo: number },
): Promise<AuditEntryRow[]> {
  const isBetween = and(gt(auditEntries.sequence, after), lte(auditEntries.sequence, upTo));
  return db
    .select()
    .from(auditEntries)
    .where(and(isBetween, isWithin(db, extent)))
    .orderBy(asc(auditEntries.sequence))
    .limit(PAGE);
}

const toExportEntry = (row: AuditEntryRow): AuditExportEntry => ({
  ...row,
  at: row.at.toISOString(),
  before: row.before ?? null,
  after: row.after ?? null,
  previousHash: row.previousHash.toString("hex"),
  hash: row.hash.toString("hex"),
});
