import type { Connection } from "./connection.ts";

export interface LivePageOptions {
  /** The stream to listen to. */
  readonly url: string;
  /** Loads the page's data again; called again only after it has settled. */
  readonly reload: () => Promise<void>;
  /** The event that tells the news. */
  readonly event?: string;
  /** Milliseconds between two loads, at least. */
  readonly intervalMs?: number;
  /** Loads when the stream begins, too: what happened since the page was loaded told nobody, and may not happen again. */
  readonly refreshesFirst?: boolean;
}

/** At most two loads a second, however fast rows land. */
const RELOAD_INTERVAL_MS = 500;

/** A browser that was answered with an error (503, while the database says nothing) does not ask for the stream again by itself. */
const REOPEN_AFTER_MS = 5000;

/** Keeps a page up to date while it is open. Create it in an effect; call `close` in its clean-up. */
export class LivePage {
  connection: Connection = $state("connecting");
  readonly #options: LivePageOptions;
  #source: EventSource;
  #reopening: ReturnType<typeof setTimeout> | undefined;
  readonly #reload: () => Promise<void>;
  readonly #intervalMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isBusy = false;
  #isStale = false;

  constructor(options: LivePageOptions) {
    this.#reload = options.reload;
    this.#intervalMs = options.intervalMs ?? RELOAD_INTERVAL_MS;
    this.#options = options;
    this.#source = this.#open();
  }

  /** Loads soon; several calls in a short time load once. */
  refresh(): void {
    this.#isStale = true;
    if (!this.#isBusy) void this.#run();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#reopening);
    this.#source.close();
  }

  #open(): EventSource {
    const { url, event = "landed", refreshesFirst } = this.#options;
    const source = new EventSource(url);
    source.addEventListener("open", () => {
      // What landed while the stream was down told nobody.
      if (this.connection === "lost" || refreshesFirst === true) this.refresh();
      this.connection = "live";
    });
    source.addEventListener("error", () => {
      this.connection = "lost";
      if (source.readyState !== EventSource.CLOSED) return;
      this.#reopening = setTimeout(() => (this.#source = this.#open()), REOPEN_AFTER_MS);
    });
    source.addEventListener(event, () => this.refresh());
    return source;
  }

  async #run(): Promise<void> {
    this.#isStale = false;
    this.#isBusy = true;
    await this.#reload().catch(() => undefined);
    this.#timer = setTimeout(() => {
      this.#isBusy = false;
      if (this.#isStale) this.refresh();
    }, this.#intervalMs);
  }
}
