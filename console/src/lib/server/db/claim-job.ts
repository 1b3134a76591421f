import { sql } from "drizzle-orm";
import type { Database } from "./client.ts";

/** Jobs that one console does at a time. The number names the lock: it never changes its meaning. */
export const JOB_LOCKS = {
  lakeReview: 4_713_001,
  lakeCompaction: 4_713_002,
  settlement: 4_713_003,
  alerts: 4_713_004,
  billing: 4_713_005,
  lakeSeal: 4_713_006,
} as const;

/**
 * Does the work while this process holds the job's lock; undefined when another one holds it. The lock ends with
 * the transaction, so with the connection: a job whose console died can be claimed at once. Should a
 * connection break in the middle, two may work at the same time: jobs must be safe to do twice.
 */
export async function claimJob<T>(
  db: Database,
  lock: number,
  work: () => Promise<T>,
): Promise<T | undefined> {
  return await db.transaction(async (transaction) => {
    const [row] = await transaction.execute<{ claimed: boolean }>(
      sql`select pg_try_advisory_xact_lock(${lock}) as claimed`,
    );
    return row?.claimed === true ? await work() : undefined;
  });
}
