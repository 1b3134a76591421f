import { sql } from "drizzle-orm";
import { entryHash, FIRST_PREVIOUS_HASH } from "@lensai/otel-config/audit/entry-hash";
import { auditEntries } from "../../db/schema/audit-entries.ts";
import type { Transaction } from "../snapshot/raise-version.ts";

/** What an entry of the audit log says. Never holds a secret. */
export interface AuditEvent {
  readonly at: Date;
  readonly actor: string;
  /** `noun.verb`. */
  readonly action: string;
  readonly projectId: string | undefined;
  readonly subjectId: string;
  /** JSON values; absent where there was nothing before, or is nothing after. */
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Held until the transaction ends: two entries never get the same place in the chain. */
const CHAIN_LOCK = 7_201_001;

/**
 * Adds an entry to the audit log. Call it in the transaction of the change: there is no change without its
 * entry, and no entry without its change.
 */
export async function appendAudit(transaction: Transaction, event: AuditEvent): Promise<void> {
  // Sent together, and done in this order: what is last is read when the place is ours.
  const [, [last]] = await Promise.all([
    lockAuditLog(transaction),
    transaction.execute<{ sequence: string; hash: Buffer }>(
      sql`select sequence, hash from ${auditEntries} order by sequence desc limit 1`,
    ),
  ]);
  const sequence = Number(last?.sequence ?? 0) + 1;
  const previousHash = last?.hash ?? FIRST_PREVIOUS_HASH;
  const { at, projectId = null, before = null, after = null, ...rest } = event;
  const fields = { ...rest, projectId, before, after };
  const hash = entryHash(sequence, { ...fields, at: at.toISOString() }, previousHash);
  await transaction.insert(auditEntries).values({ ...fields, at, sequence, previousHash, hash });
}

/**
 * Waits for its place in the audit log before the entry is known. A change that locks what the entries of others lead to, a
 * project, the control version, members or invitations, calls it first: else the two wait for each other, and PostgreSQL ends one of them.
 */
export async function lockAuditLog(transaction: Transaction): Promise<void> {
  await transaction.execute(sql`select pg_advisory_xact_lock(${CHAIN_LOCK})`);
}
