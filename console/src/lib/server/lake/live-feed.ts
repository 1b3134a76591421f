import { logError } from "../log.ts";

/** One look at the lake; answers which projects have new rows since the last look. */
type LookForNews = () => Promise<ReadonlySet<string>>;

/** Told which projects have new rows. */
export type FollowNews = (projectIds: ReadonlySet<string>) => void;

export interface LiveFeed {
  /** Nobody else can listen now: see LISTENERS_MAX. */
  isFull(): boolean;
  /** Calls back after rows of the project have landed. Returns the function that ends it. */
  subscribe(projectId: string, notify: () => void): () => void;
  /** Calls back with the projects whose rows have landed. Returns the function that ends it. */
  follow(notify: FollowNews): () => void;
  /** Aborted when the process is about to end: streams must end, too. */
  readonly ending: AbortSignal;
  stop(): void;
}

export interface LiveFeedOptions {
  readonly lookForNews: LookForNews;
  readonly pollIntervalMs?: number;
}

/** With a landing interval of 2 s, a second more keeps "sent to visible" well below 5 s. */
const POLL_INTERVAL_MS = 1000;
/** While the lake cannot be read, it is asked less and less often, up to this. */
const POLL_INTERVAL_MAX_MS = 15_000;

/** Each is an open connection with its timers: many more than the people who read dashboards of one console. */
export const LISTENERS_MAX = 1000;

/** One poller for all listeners of the process; without listeners nothing runs. */
export function createLiveFeed(options: LiveFeedOptions): LiveFeed {
  const listeners = new Map<string, Set<() => void>>();
  const followers = new Set<FollowNews>();
  const ending = new AbortController();
  let listenerCount = 0;

  const poller = createPoller({
    look: async () => {
      const projectIds = await options.lookForNews();
      for (const projectId of projectIds) notifyAll(listeners.get(projectId));
      if (projectIds.size > 0) for (const notify of Array.from(followers)) notify(projectIds);
    },
    isNeeded: () => listeners.size + followers.size > 0 && !ending.signal.aborted,
    intervalMs: options.pollIntervalMs ?? POLL_INTERVAL_MS,
  });
  const unsubscribe = (projectId: string, notify: () => void): void => {
    const group = listeners.get(projectId);
    if (group?.delete(notify) === true) listenerCount -= 1;
    if (group?.size === 0) listeners.delete(projectId);
    poller.update();
  };
  return {
    isFull: () => listenerCount >= LISTENERS_MAX,
    subscribe: (projectId, notify) => {
      const group = listeners.get(projectId) ?? new Set();
      listeners.set(projectId, group.add(notify));
      listenerCount += 1;
      poller.update();
      return () => unsubscribe(projectId, notify);
    },
    follow: (notify) => {
      followers.add(notify);
      poller.update();
      return () => {
        followers.delete(notify);
        poller.update();
      };
    },
    ending: ending.signal,
    stop: () => {
      ending.abort();
      listeners.clear();
      followers.clear();
      listenerCount = 0;
      poller.update();
    },
  };
}

interface PollerOptions {
  readonly look: () => Promise<void>;
  readonly isNeeded: () => boolean;
  readonly intervalMs: number;
}

/** Looks again and again while somebody needs it; `update` says that this may have changed. */
function createPoller({ look, isNeeded, intervalMs }: PollerOptions): { update(): void } {
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;

  const poll = async (): Promise<void> => {
    try {
      await look();
      failures = 0;
    } catch (error) {
      failures += 1;
      if (failures === 1) logError("the lake cannot be read", { error });
    }
    timer = undefined;
    update();
  };
  const update = (): void => {
    if (!isNeeded()) {
      clearTimeout(timer);
      timer = undefined;
    } else if (timer === undefined) {
      const delayMs = Math.min(intervalMs * 2 ** failures, POLL_INTERVAL_MAX_MS);
      timer = setTimeout(() => void poll(), delayMs);
    }
  };
  return { update };
}

/** Over a copy: a listener may unsubscribe while it is called. */
function notifyAll(group: ReadonlySet<() => void> | undefined): void {
  for (const notify of Array.from(group ?? [])) notify();
}
