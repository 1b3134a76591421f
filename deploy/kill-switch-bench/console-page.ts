import { SseParser } from "@lensai/otel-config/event-stream/sse-parser";
import { monotonicMs } from "./messages.ts";

/** What the control page of a project shows, as a browser that has it open learns it. */
export interface WatchedPage {
  /** Until so many processes are shown as connected. */
  untilConnected(count: number): Promise<void>;
  /** Until a newer announcement of this kind is shown as known by so many; answers the time of that. */
  untilKnown(kind: string, count: number): Promise<number>;
  close(): void;
}

interface Overview {
  readonly processes: { readonly guards: number };
  readonly announcements: readonly {
    readonly subjectId: string;
    readonly kind: string;
    readonly known: number;
  }[];
}

/** As the page does: ten questions a second at most. */
const RELOAD_INTERVAL_MS = 100;

export async function watchConsole(consoleUrl: string, projectId: string): Promise<WatchedPage> {
  const base = `${consoleUrl}/projects/${projectId}/control`;
  const closing = new AbortController();
  const watchers = new Set<(overview: Overview) => void>();
  let newest = await load();
  let isStale = false;
  let isBusy = false;

  async function load(): Promise<Overview> {
    const response = await fetch(`${base}/receipts`, { signal: closing.signal });
    return (await response.json()) as Overview;
  }
  async function refresh(): Promise<void> {
    isStale = true;
    if (isBusy) return;
    isBusy = true;
    while (isStale && !closing.signal.aborted) {
      isStale = false;
      newest = await load();
      for (const watch of watchers) watch(newest);
      await new Promise((resolve) => {
        setTimeout(resolve, RELOAD_INTERVAL_MS);
      });
    }
    isBusy = false;
  }
  async function listen(): Promise<void> {
    const response = await fetch(`${base}/live`, { signal: closing.signal });
    const parser = new SseParser(1e5);
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const events = parser.push(decoder.decode(chunk, { stream: true }));
      if (events.some(({ raw }) => raw.includes("event: receipts"))) void refresh();
    }
  }
  const unlessClosing = (error: unknown): void => {
    if (!closing.signal.aborted) throw error;
  };
  void listen().catch(unlessClosing);

  const until = (holds: (overview: Overview) => boolean): Promise<number> =>
    new Promise((resolve) => {
      const watch = (overview: Overview): void => {
        if (!holds(overview)) return;
        watchers.delete(watch);
        resolve(monotonicMs());
      };
      watchers.add(watch);
      watch(newest);
    });
  return {
    async untilConnected(count) {
      const timer = setInterval(() => void refresh().catch(unlessClosing), 200);
      await until(({ processes }) => processes.guards >= count);
      clearInterval(timer);
    },
    untilKnown: (kind, count) => {
      const before = new Set(newest.announcements.map((each) => `${each.kind} ${each.subjectId}`));
      return until(({ announcements }) =>
        announcements.some(
          (each) =>
            each.kind === kind &&
            each.known >= count &&
            !before.has(`${each.kind} ${each.subjectId}`),
        ),
      );
    },
    close: () => closing.abort(),
  };
}
