import { lt, sql } from "drizzle-orm";
import { rateLimits } from "../db/schema/rate-limits.ts";
import type { ServiceContext } from "../services/context.ts";

export interface AttemptLimit {
  readonly attemptsMax: number;
  readonly windowMs: number;
}

/** Windows that are over count for nothing; the longest is far below a day. */
const KEPT_MS = 86_400_000;
const ID_RANDOM_BYTES = 12;

/**
 * Counts an attempt. Undefined when it may go on, else the seconds until the window of the first attempt is over. One
 * statement counts: attempts at the same time, at several consoles, cannot slip through together.
 */
export async function takeAttempt(
  { db, now, randomBytes }: ServiceContext,
  key: string,
  { attemptsMax, windowMs }: AttemptLimit,
): Promise<number | undefined> {
  const nowUnixMs = now().getTime();
  const isOver = sql`${rateLimits.lastRequest} <= ${nowUnixMs - windowMs}`;
  // Two first attempts may meet in the key alone: a conflict of ids would be an error.
  const id = Buffer.from(randomBytes(ID_RANDOM_BYTES)).toString("base64url");
  const [row] = await db
    .insert(rateLimits)
    .values({ id, key, count: 1, lastRequest: nowUnixMs })
    .onConflictDoUpdate({
      target: rateLimits.key,
      set: {
        count: sql`case when ${isOver} then 1 else ${rateLimits.count} + 1 end`,
        lastRequest: sql`case when ${isOver} then ${nowUnixMs} else ${rateLimits.lastRequest} end`,
      },
    })
    .returning();
  await db.delete(rateLimits).where(lt(rateLimits.lastRequest, nowUnixMs - KEPT_MS));
  if (row === undefined || row.count <= attemptsMax) return undefined;
  return Math.max(1, Math.ceil((row.lastRequest + windowMs - nowUnixMs) / 1000));
}
