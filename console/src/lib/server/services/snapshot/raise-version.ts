import { sql } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { CHANNELS } from "../../db/notices.ts";

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
  const [raised] = await transaction.execute<{ version: string }>(sql`
    with raised as (
      insert into control_versions as known (only_row, version, changed_at)
      values (true, ${known}::bigint + 1, ${now.toISOString()}::timestamptz)
      on conflict (only_row) do update
      set version = greatest(known.version, ${known}::bigint) + 1, changed_at = excluded.changed_at
      returning version
    )
    select version, pg_notify(${CHANNELS.control}, version::text) from raised`);
  if (raised === undefined) throw new Error("the control version has no row");
  return Number(raised.version);
}
