import { logError } from "../log.ts";
import { reasonOf } from "../prepare-database.ts";

/** Does the work unless another console does it at this moment; answers undefined then. */
type Claim = (work: () => Promise<unknown>) => Promise<unknown>;

export interface RepeatedJob {
  start(): void;
  /** Why the work could not be done the last time; undefined when it could. */
  problem(): string | undefined;
  /** Waits for what runs. */
  stop(): Promise<void>;
}

export interface RepeatedJobOptions {
  /** For the log: "bills could not be reviewed". */
  readonly failure: string;
  readonly work: () => Promise<unknown>;
  readonly claim: Claim;
  readonly pauseMs: number;
}

/** A busy lake takes seconds to look through: at most a tenth of the time. */
const PAUSES_PER_RUN = 9;
const PAUSE_MAX_MS = 600_000;

/** Works again and again, whatever fails. */
export function createRepeatedJob({
  failure,
  work,
  claim,
  pauseMs,
}: RepeatedJobOptions): RepeatedJob {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let isStopped = false;
  let problem: string | undefined;
  let failures = 0;

  const attempt = async (): Promise<void> => {
    try {
      await claim(work);
      problem = undefined;
      failures = 0;
    } catch (error) {
      failures += 1;
      const reason = reasonOf(error);
      // The same reason is logged once, not at every attempt.
      if (problem !== reason && !isStopped) logError(failure, { error });
      problem = reason;
    }
  };
  const run = async (): Promise<void> => {
    const startedAtMs = performance.now();
    await attempt();
    if (isStopped) return;
    const tookMs = performance.now() - startedAtMs;
    const pause = Math.max(pauseMs * 2 ** Math.min(failures, 5), tookMs * PAUSES_PER_RUN);
    schedule(Math.min(pause, PAUSE_MAX_MS));
  };
  const schedule = (afterMs: number): void => {
    timer = setTimeout(() => {
      running = run();
    }, afterMs);
    timer.unref();
  };
  return {
    start: () => {
      if (timer === undefined && !isStopped) schedule(pauseMs);
    },
    problem: () => problem,
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
