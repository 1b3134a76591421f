import { oneAtATime } from "../one-at-a-time.ts";

export interface RolloverJobOptions {
  /** Does what is due; answers when to come again. */
  readonly rollOver: () => Promise<Date | undefined>;
  readonly now: () => Date;
  /** Told when it begins to fail. */
  readonly onProblem: (error: unknown) => void;
}

/** Begins new periods of budgets when their time comes. */
export interface RolloverJob {
  /** Looks now: at the start, and whenever budgets may have changed. Never rejects. */
  wake(): Promise<void>;
  stop(): void;
}

/** Timers run at most that long: 24.8 days. */
const SLEEP_MS_MAX = 2 ** 31 - 1;
const RETRY_MS = 2000;

/** Sleeps from one moment at which something is due to the next. */
export function createRolloverJob({ rollOver, now, onProblem }: RolloverJobOptions): RolloverJob {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let isFailing = false;

  const attempt = async (): Promise<number> => {
    try {
      const nextAt = await rollOver();
      isFailing = false;
      return nextAt === undefined ? SLEEP_MS_MAX : nextAt.getTime() - now().getTime();
    } catch (error) {
      if (!isFailing && !isStopped) onProblem(error);
      isFailing = true;
      return RETRY_MS;
    }
  };
  const wake = oneAtATime(async () => {
    if (isStopped) return;
    const sleepMs = await attempt();
    clearTimeout(timer);
    if (isStopped) return;
    timer = setTimeout(() => void wake(), Math.min(Math.max(sleepMs, 0), SLEEP_MS_MAX));
    timer.unref();
  });
  return {
    wake,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
