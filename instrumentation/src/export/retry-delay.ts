const FIRST_DELAY_MS = 500;
const DELAY_MAX_MS = 30_000;

/**
 * How long to wait before the next try: what the receiver asked for, else twice as long at each failure, up to
 * half a minute. Half of it is left to chance, so that processes that failed together do not return together.
 * `failures` counts those in a row, from 1; `random` is from 0 to 1.
 */
export function retryDelayMs(
  failures: number,
  retryAfterMs: number | undefined,
  random: number,
): number {
  const backoffMs = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), DELAY_MAX_MS);
  const jittered = backoffMs / 2 + (backoffMs / 2) * random;
  // The wish is the least; chance comes on top of it.
  return retryAfterMs === undefined ? jittered : retryAfterMs + FIRST_DELAY_MS * random;
}
