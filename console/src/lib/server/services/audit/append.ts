import { desc, sql } from "drizzle-orm";
import { auditEntries } from "../../db/schema/audit-entries.ts";
import type { Transaction } from "../snapshot/raise-version.ts";
import { entryHash, FIRST_PREVIOUS_HASH, type AuditEvent } from "./entry-hash.ts";

/** Held until the transaction ends: two entries never get the same place in the chain. */
const CHAIN_LOCK = 7_201_001;

/**
 * Adds an entry to the audit log. Call it in the transaction of the change: there is no change without its
 * entry, and no entry without its change.
 */
export async function appendAudit(transaction: Transaction, event: AuditEvent): Promise<void> {
  await transaction.execute(sql`select pg_advisory_xact_lock(${CHAIN_LOCK})`);
  const [last] = await transaction
    .select({ sequence: auditEntries.sequence, hash: auditEntries.hash })
    .from(auditEntries)
    .orderBy(desc(auditEntries.sequence))
    .limit(1);
  const sequence = (last?.sequence ?? 0) + 1;
  const previousHash = last?.hash ?? FIRST_PREVIOUS_HASH;
  const { projectId = null, before = null, after = null, ...rest } = event;
  await transaction.insert(auditEntries).values({
    ...rest,
    projectId,
    before,
    after,
    sequence,
    previousHash,
    hash: entryHash(sequence, event, previousHash),
  });
}
