import { isDatabaseGone } from "../../db/database-gone.ts";
import { logError } from "../../log.ts";

/** Slack waits three seconds (https://docs.slack.dev/interactivity/handling-user-interaction), the network's included. */
const WAIT_MS = 2500;

/**
 * What the work says, or 503 when the database is gone or it takes too long: Slack then tells whoever pressed that it failed. The
 * signal tells the work so, and its end is only logged when it fails.
 */
export async function answerInTime<Status>(
  work: (signal: AbortSignal) => Promise<Status>,
  waitMs: number = WAIT_MS,
): Promise<Status | 503> {
  const late = new AbortController();
  const waited = Promise.withResolvers<503>();
  const timer = setTimeout(() => {
    late.abort();
    waited.resolve(503);
  }, waitMs);
  const worked = work(late.signal).catch((error: unknown): 503 => {
    if (!late.signal.aborted && !isDatabaseGone(error)) throw error;
    logError("a pressed button could not be looked at", { error });
    return 503;
  });
  return await Promise.race([worked, waited.promise]).finally(() => clearTimeout(timer));
}
