import { createRepeatedJob } from "./repeated-job.ts";

/** One look at the lake; answers which projects have new rows since the last look. */
type LookForNews = () => Promise<ReadonlySet<string>>;

/** Told which projects have new rows. */
export type FollowNews = (projectIds: ReadonlySet<string>) => void;

/** The one place that looks for what has landed, and tells everybody else. */
export interface LiveFeed {
  start(): void;
  /** Something has landed, says whoever landed it. */
  wake(): void;
  /** Nobody else can listen now: see LISTENERS_MAX. */
  isFull(): boolean;
  /** Calls back after rows of the project have landed. Returns the function that ends it. */
  subscribe(projectId: string, notify: () => void): () => void;
  /** Calls back with the projects whose rows have landed. Returns the function that ends it. */
  follow(notify: FollowNews): () => void;
  /** Aborted when the process is about to end: streams must end, too. */
  readonly ending: AbortSignal;
  /** Waits for what runs. Safe twice and before start. */
  stop(): Promise<void>;
}

export interface LiveFeedOptions {
  readonly lookForNews: LookForNews;
  /** Without being woken. */
  readonly restMs?: number;
}

/** Several collectors land at the same time. */
const PAUSE_MS = 50;
/** Collectors tell of every landing; those of another console do not, and neither does who writes from a command line. */
const REST_MS = 15_000;

/** Each is an open connection with its timers: many more than the people who read dashboards of one console. */
export const LISTENERS_MAX = 1000;

export function createLiveFeed(options: LiveFeedOptions): LiveFeed {
  const listeners = new Map<string, Set<() => void>>();
  const followers = new Set<FollowNews>();
  const ending = new AbortController();
  let listenerCount = 0;

  const looks = createRepeatedJob({
    failure: "the lake cannot be read",
    work: async () => {
      const projectIds = await options.lookForNews();
      for (const projectId of projectIds) notifyAll(listeners.get(projectId));
      if (projectIds.size > 0) for (const notify of Array.from(followers)) notify(projectIds);
      return false;
    },
    claim: (work) => work(),
    pauseMs: PAUSE_MS,
    restMs: options.restMs ?? REST_MS,
  });
  const unsubscribe = (projectId: string, notify: () => void): void => {
    const group = listeners.get(projectId);
    if (group?.delete(notify) === true) listenerCount -= 1;
    if (group?.size === 0) listeners.delete(projectId);
  };
  return {
    start: () => looks.start(),
    wake: () => looks.wake(),
    isFull: () => listenerCount >= LISTENERS_MAX,
    subscribe: (projectId, notify) => {
      const group = listeners.get(projectId) ?? new Set();
      listeners.set(projectId, group.add(notify));
      listenerCount += 1;
      return () => unsubscribe(projectId, notify);
    },
    follow: (notify) => {
      followers.add(notify);
      return () => followers.delete(notify);
    },
    ending: ending.signal,
    stop: async () => {
      ending.abort();
      listeners.clear();
      followers.clear();
      listenerCount = 0;
      await looks.stop();
    },
  };
}

/** Over a copy: a listener may unsubscribe while it is called. */
function notifyAll(group: ReadonlySet<() => void> | undefined): void {
  for (const notify of Array.from(group ?? [])) notify();
}
