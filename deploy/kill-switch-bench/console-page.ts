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

/** As the page does: twenty questions a second at most. */
const RELOAD_INTERVAL_MS = 50;

export async function watchConsole(consoleUrl: string, projectId: string): Promise<WatchedPage> {
  const page = new ControlPage(`${consoleUrl}/projects/${projectId}/control`);
  await page.open();
  return page;
}

const nameOf = ({ kind, subjectId }: Overview["announcements"][number]): string =>
  `${kind} ${subjectId}`;

class ControlPage implements WatchedPage {
  readonly #base: string;
  readonly #closing = new AbortController();
  readonly #watchers = new Set<(overview: Overview) => void>();
  #newest: Overview = { processes: { guards: 0 }, announcements: [] };
  #isStale = false;
  #isBusy = false;

  constructor(base: string) {
    this.#base = base;
  }

  async open(): Promise<void> {
    this.#newest = await this.#load();
    void this.#listen().catch((error: unknown) => this.#unlessClosing(error));
  }

  async untilConnected(count: number): Promise<void> {
    const timer = setInterval(() => this.#refresh(), 200);
    await this.#until(({ processes }) => processes.guards >= count);
    clearInterval(timer);
  }

  untilKnown(kind: string, count: number): Promise<number> {
    const before = new Set(this.#newest.announcements.map(nameOf));
    return this.#until(({ announcements }) =>
      announcements.some(
        (each) => each.kind === kind && each.known >= count && !before.has(nameOf(each)),
      ),
    );
  }

  close(): void {
    this.#closing.abort();
  }

  #until(holds: (overview: Overview) => boolean): Promise<number> {
    return new Promise((resolve) => {
      const watch = (overview: Overview): void => {
        if (!holds(overview)) return;
        this.#watchers.delete(watch);
        resolve(monotonicMs());
      };
      this.#watchers.add(watch);
      watch(this.#newest);
    });
  }

  async #load(): Promise<Overview> {
    const response = await fetch(`${this.#base}/receipts`, { signal: this.#closing.signal });
    return (await response.json()) as Overview;
  }

  async #listen(): Promise<void> {
    const response = await fetch(`${this.#base}/live`, { signal: this.#closing.signal });
    const parser = new SseParser(1e5);
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const events = parser.push(decoder.decode(chunk, { stream: true }));
      if (events.some(({ raw }) => raw.includes("event: receipts"))) this.#refresh();
    }
  }

  #refresh(): void {
    this.#isStale = true;
    if (!this.#isBusy) void this.#reload().catch((error: unknown) => this.#unlessClosing(error));
  }

  async #reload(): Promise<void> {
    this.#isBusy = true;
    while (this.#isStale && !this.#closing.signal.aborted) {
      this.#isStale = false;
      this.#newest = await this.#load();
      for (const watch of this.#watchers) watch(this.#newest);
      await new Promise((resolve) => {
        setTimeout(resolve, RELOAD_INTERVAL_MS);
      });
    }
    this.#isBusy = false;
  }

  #unlessClosing(error: unknown): void {
    if (!this.#closing.signal.aborted) throw error;
  }
}
