const FIRST_PAUSE_MS = 2000;
const PAUSE_MAX_MS = 900_000;
/** Whoever hears nothing for a day has looked elsewhere. */
const GIVE_UP_AFTER_MS = 86_400_000;

export interface FailedAttempt {
  /** Attempts so far, this one included. */
  readonly attempts: number;
  readonly retryAfterMs: number | undefined;
  readonly createdAt: Date;
  readonly now: Date;
  /** From 0 up to, and not including, 1. */
  readonly random: number;
}

/**
 * When to try again; undefined: not any more. The pause doubles from 2 s to 15 minutes, of which a random half is taken
 * off so that what failed together does not come back together; it is never shorter than the receiver asked for.
 */
export function nextAttemptAt(attempt: FailedAttempt): Date | undefined {
  const { attempts, retryAfterMs = 0, createdAt, now, random } = attempt;
  if (now.getTime() - createdAt.getTime() >= GIVE_UP_AFTER_MS) return undefined;
  const fullPauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), PAUSE_MAX_MS);
  const pauseMs = Math.max(fullPauseMs * (1 - random / 2), retryAfterMs);
  return new Date(now.getTime() + Math.ceil(pauseMs));
}
