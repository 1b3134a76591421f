import { sql } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { controlVersions } from "../../db/schema/control-versions.ts";

/** A transaction of the database. */
export type Transaction = Parameters<Parameters<Database["transaction"]>[0]>[0];

/**
 * Raises the snapshot version. Call it in the transaction of the change: a collector then never sees
 * the new version without the change, nor the change under the old version.
 */
export async function raiseControlVersion(transaction: Transaction, now: Date): Promise<void> {
  await transaction
    .insert(controlVersions)
    .values({ onlyRow: true, version: 1, changedAt: now })
    .onConflictDoUpdate({
      target: controlVersions.onlyRow,
      set: { version: sql`${controlVersions.version} + 1`, changedAt: now },
    });
}
