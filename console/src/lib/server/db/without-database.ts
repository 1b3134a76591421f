import { isDatabaseGone } from "./database-gone.ts";

/** Longer than any question takes that is answered at all, and short enough for somebody who waits for a page. */
const WAIT_MS = 1500;

/**
 * For pages that are of use without the database: what it answers, or `otherwise` when it is gone or has not answered in a
 * while. Rejects as `ask` does when that fails for another reason.
 */
export async function orWithoutDatabase<T>(
  ask: () => Promise<T>,
  otherwise: T,
  waitMs: number = WAIT_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), waitMs);
  });
  const answered = ask().catch((failure: unknown) => {
    if (isDatabaseGone(failure)) return otherwise;
    throw failure;
  });
  return await Promise.race([answered, waited]).finally(() => clearTimeout(timer));
}
