import { logError } from "../log.ts";
import { reasonOf } from "../prepare-database.ts";

/** Answers whether some of it is left for the next time. */
type Work = () => Promise<boolean>;

/** Does the work unless another console does it at this moment; answers undefined then. */
type Claim = (work: Work) => Promise<boolean | undefined>;

export interface RepeatedJob {
  /** Begins with a first run. */
  start(): void;
  /** There may be something to do. */
  wake(): void;
  /** Why the work could not be done the last time; undefined when it could. */
  problem(): string | undefined;
  /** Waits for what runs. */
  stop(): Promise<void>;
}

export interface RepeatedJobOptions {
  /** For the log: "bills could not be reviewed". */
  readonly failure: string;
  readonly work: Work;
  readonly claim: Claim;
  /** From being woken to the run: everything that comes in this time is one piece of work. */
  readonly pauseMs: number;
  /** A run that nobody asked for follows the one before after this time: news can get lost. */
  readonly restMs: number;
}

/**
 * A busy lake takes seconds to look through: at most a tenth of the time. What counts is the quicker one of two runs: the first
 * of a process is slow in any lake, and what lands behind it must not wait for that.
 */
const PAUSES_PER_RUN = 9;
const PAUSE_MAX_MS = 600_000;
/** Before what is left of the work, and at least this after a failure. */
const RETRY_MIN_MS = 1000;

/** Works when it is woken, and now and then, whatever fails. While nobody wakes it, next to nothing runs. */
export function createRepeatedJob(options: RepeatedJobOptions): RepeatedJob {
  const { pauseMs, restMs } = options;
  const retryMs = Math.max(pauseMs, RETRY_MIN_MS);
  let timer: NodeJS.Timeout | undefined;
  let dueAtMs = Number.POSITIVE_INFINITY;
  let earliestAtMs = 0;
  let lastTookMs = 0;
  let running: Promise<void> | undefined;
  let state: "new" | "started" | "stopped" = "new";
  let isWoken = false;

  const attempts = createAttempts(options, () => state === "stopped");
  const pauseAfter = (isDone: boolean): number => {
    const { failures } = attempts;
    if (failures > 0) return Math.min(retryMs * 2 ** Math.min(failures, 5), PAUSE_MAX_MS);
    if (!isDone) return RETRY_MIN_MS;
    return isWoken ? pauseMs : restMs;
  };
  const run = async (): Promise<void> => {
    isWoken = false;
    dueAtMs = Number.POSITIVE_INFINITY;
    const startedAtMs = performance.now();
    const isDone = await attempts.attempt();
    const endedAtMs = performance.now();
    const tookMs = endedAtMs - startedAtMs;
    const pauseMsMin = Math.min(tookMs, lastTookMs) * PAUSES_PER_RUN;
    earliestAtMs = endedAtMs + Math.min(pauseMsMin, PAUSE_MAX_MS);
    lastTookMs = tookMs;
    running = undefined;
    schedule(pauseAfter(isDone));
  };
  const schedule = (afterMs: number): void => {
    if (state !== "started" || running !== undefined) return;
    const atMs = Math.max(performance.now() + afterMs, earliestAtMs);
    if (atMs >= dueAtMs) return;
    dueAtMs = atMs;
    clearTimeout(timer);
    timer = setTimeout(() => (running = run()), atMs - performance.now());
    timer.unref();
  };
  return {
    start: () => {
      if (state === "new") state = "started";
      schedule(pauseMs);
    },
    wake: () => {
      isWoken = true;
      schedule(attempts.failures === 0 ? pauseMs : retryMs);
    },
    problem: () => attempts.problem,
    stop: async () => {
      state = "stopped";
      clearTimeout(timer);
      await running;
    },
  };
}

interface Attempts {
  /** Never rejects; false when some of it is left, for this console or another one. */
  attempt(): Promise<boolean>;
  /** One after the other, until now. */
  readonly failures: number;
  /** Of the last one. */
  readonly problem: string | undefined;
}

function createAttempts(
  { failure, work, claim }: Pick<RepeatedJobOptions, "failure" | "work" | "claim">,
  isStopped: () => boolean,
): Attempts {
  let failures = 0;
  let problem: string | undefined;
  return {
    attempt: async () => {
      try {
        const isLeft = (await claim(work)) ?? true;
        problem = undefined;
        failures = 0;
        return !isLeft;
      } catch (error) {
        failures += 1;
        const reason = reasonOf(error);
        // The same reason is logged once, not at every attempt.
        if (problem !== reason && !isStopped()) logError(failure, { error });
        problem = reason;
        return false;
      }
    },
    get failures() {
      return failures;
    },
    get problem() {
      return problem;
    },
  };
}
