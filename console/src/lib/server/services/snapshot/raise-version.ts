import { sql } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { CHANNELS, notify } from "../../db/notices.ts";
import { controlVersions } from "../../db/schema/control-versions.ts";

/** A transaction of the database. */
export type Transaction = Parameters<Parameters<Database["transaction"]>[0]>[0];

/**
 * Raises the snapshot version, and tells every console with the commit. Call it in the transaction of the change:
 * a collector then never sees the new version without the change, nor the change under the old version. Answers
 * with the version.
 */
export async function raiseControlVersion(transaction: Transaction, now: Date): Promise<number> {
  return raiseControlVersionAbove(transaction, 0, now);
}

/** The same, to a version above `known`. */
export async function raiseControlVersionAbove(
  transaction: Transaction,
  known: number,
  now: Date,
): Promise<number> {
  const [raised] = await transaction
    .insert(controlVersions)
    .values({ onlyRow: true, version: known + 1, changedAt: now })
    .onConflictDoUpdate({
      target: controlVersions.onlyRow,
      set: {
        version: sql`greatest(${controlVersions.version}, ${known}) + 1`,
        changedAt: now,
      },
    })
    .returning({ version: controlVersions.version });
  const version = raised?.version ?? known + 1;
  await notify(transaction, CHANNELS.control, String(version));
  return version;
}
