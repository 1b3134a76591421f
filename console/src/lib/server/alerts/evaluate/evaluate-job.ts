import type { FollowNews } from "../../lake/live-feed.ts";
import { oneAtATime } from "../../one-at-a-time.ts";
import { hasAnyoneToTell } from "../../services/alerts/has-anyone-to-tell.ts";
import { createAgenda } from "./agenda.ts";
import { createLook, type LookOptions } from "./look.ts";

export interface EvaluateJobOptions extends LookOptions {
  /** Calls back with the projects of which rows have landed; returns what ends it. */
  readonly follow: (notify: FollowNews) => () => void;
}

export interface EvaluateJob {
  start(): void;
  /** A channel may be the first one: begins to look if it does not look yet. */
  wake(): void;
  /** Something was counted for these projects, or refused. */
  add(projectIds: Iterable<string>): void;
  /** Budgets may have changed: looks at every project, or at none any more. */
  reconsider(): void;
  /** Why nothing can be looked at; undefined while it can. */
  problem(): string | undefined;
  stop(): Promise<void>;
}

/** Two looks at a project are at least this far apart. */
const PAUSE_MS = 500;
/** A busy lake takes long to ask: at most a fifth of the time, by the quicker one of two looks, as the first is slow in any lake. */
const PAUSES_PER_LOOK = 4;
const PAUSE_MAX_MS = 60_000;
/** After a failure. */
const FAILURE_PAUSE_MS = 5000;

/**
 * Looks at projects whose rows have landed, for as long as there is a budget or a channel anywhere. Of several consoles
 * one looks at a time; what both find is recorded once. Without news it asks the database once a minute, and
 * the lake never.
 */
export function createEvaluateJob(options: EvaluateJobOptions): EvaluateJob {
  const { services, follow } = options;
  const agenda = createAgenda();
  const look = createLook(options, agenda);
  let unfollow: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isStopped = false;
  let lastTookMs = 0;

  const attempt = async (): Promise<void> => {
    const startedAtMs = performance.now();
    const pauseMs = (await look.attempt(() => isStopped)) ? PAUSE_MS : FAILURE_PAUSE_MS;
    running = undefined;
    const tookMs = performance.now() - startedAtMs;
    const quickerMs = Math.min(tookMs, lastTookMs);
    lastTookMs = tookMs;
    schedule(Math.min(Math.max(pauseMs, quickerMs * PAUSES_PER_LOOK), PAUSE_MAX_MS));
  };
  const schedule = (pauseMs: number): void => {
    clearTimeout(timer);
    if (unfollow === undefined || isStopped) return;
    timer = setTimeout(() => (running ??= attempt()), agenda.dueInMs(pauseMs));
    timer.unref();
  };
  /** One after the other: an answer that is older than another one must not win. */
  const reconsider = oneAtATime(async (): Promise<void> => {
    const isNeeded = await hasAnyoneToTell(services.db).catch(() => unfollow !== undefined);
    if (isStopped) return;
    if (!isNeeded) {
      unfollow?.();
      unfollow = undefined;
      clearTimeout(timer);
      return;
    }
    agenda.addAll();
    unfollow ??= follow((projectIds) => {
      agenda.add(projectIds);
      if (running === undefined) schedule(PAUSE_MS);
    });
    if (running === undefined) schedule(PAUSE_MS);
  });
  return {
    start: () => void reconsider(),
    wake: () => {
      if (unfollow === undefined) void reconsider();
    },
    add: (projectIds) => {
      agenda.add(projectIds);
      if (running === undefined) schedule(PAUSE_MS);
    },
    reconsider: () => void reconsider(),
    problem: () => look.problem(),
    stop: async () => {
      isStopped = true;
      unfollow?.();
      clearTimeout(timer);
      await running;
    },
  };
}
