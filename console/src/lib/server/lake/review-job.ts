import { logError } from "../log.ts";
import { reasonOf } from "../prepare-database.ts";

/** Reviews the bills of what has landed; answers how many hours of projects wait for the next time. */
type Review = () => Promise<{ readonly hoursLeft: number }>;

/** Does the work unless another console does it at this moment; answers undefined then. */
type Claim = <T>(work: () => Promise<T>) => Promise<T | undefined>;

export interface ReviewJob {
  start(): void;
  /** Why bills are not reviewed at the moment; undefined while they are. */
  problem(): string | undefined;
  stop(): void;
}

export interface ReviewJobOptions {
  readonly review: Review;
  readonly claim: Claim;
  readonly pauseMs?: number;
}

/** How long a bill that only all records together can tell may be wrong. */
const PAUSE_MS = 20_000;
/** A busy lake takes seconds to review: at most a tenth of the time. */
const PAUSES_PER_REVIEW = 9;
const PAUSE_MAX_MS = 600_000;

/** Reviews again and again, whatever fails. */
export function createReviewJob({
  review,
  claim,
  pauseMs = PAUSE_MS,
}: ReviewJobOptions): ReviewJob {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let problem: string | undefined;
  let failures = 0;

  const attempt = async (): Promise<void> => {
    try {
      await claim(review);
      problem = undefined;
      failures = 0;
    } catch (error) {
      failures += 1;
      const reason = reasonOf(error);
      // The same reason is logged once, not at every attempt.
      if (problem !== reason && !isStopped) logError("bills could not be reviewed", { error });
      problem = reason;
    }
  };
  const run = async (): Promise<void> => {
    const startedAtMs = performance.now();
    await attempt();
    if (isStopped) return;
    const tookMs = performance.now() - startedAtMs;
    const pause = Math.max(pauseMs * 2 ** Math.min(failures, 5), tookMs * PAUSES_PER_REVIEW);
    schedule(Math.min(pause, PAUSE_MAX_MS));
  };
  const schedule = (afterMs: number): void => {
    timer = setTimeout(() => void run(), afterMs);
    timer.unref();
  };
  return {
    start: () => {
      if (timer === undefined && !isStopped) schedule(pauseMs);
    },
    problem: () => problem,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
