import { asc, gt } from "drizzle-orm";
import { entryHash, FIRST_PREVIOUS_HASH } from "@lensai/otel-config/audit/entry-hash";
import type { Database } from "../../db/client.ts";
import { auditEntries } from "../../db/schema/audit-entries.ts";

/** Entries read at once. */
const PAGE = 1000;

/**
 * The first place at which the audit log is not what was written, counted from 1: an entry that was changed,
 * or that is missing. Undefined when the chain holds. Entries cut off at the end do not show here; compare the
 * newest hash with a copy kept elsewhere.
 */
export async function findAuditBreak(db: Database): Promise<number | undefined> {
  let sequence = 0;
  let previousHash: Buffer = FIRST_PREVIOUS_HASH;
  for (;;) {
    const rows = await db
      .select()
      .from(auditEntries)
      .where(gt(auditEntries.sequence, sequence))
      .orderBy(asc(auditEntries.sequence))
      .limit(PAGE);
    for (const row of rows) {
      sequence += 1;
      const fields = { ...row, at: row.at.toISOString() };
      const isIntact =
        row.sequence === sequence &&
        row.previousHash.equals(previousHash) &&
        row.hash.equals(entryHash(sequence, fields, previousHash));
      if (!isIntact) return sequence;
      previousHash = row.hash;
    }
    if (rows.length < PAGE) return undefined;
  }
}
