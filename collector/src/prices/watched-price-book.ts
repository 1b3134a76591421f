import { readFile, stat } from "node:fs/promises";
import { isMissingFile } from "@lensai/analytics/object-store/file-error";
import { parsePriceFile } from "@lensai/analytics/prices/price-file";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import type { PriceAnswer, PriceBook, PriceQuery } from "@lensai/otel-config/pricing/price-book";
import type { PriceLayer } from "@lensai/otel-config/pricing/price-layer";
import type { Component } from "../component.ts";
import type { Log } from "../log.ts";
import { KeptOverrides, hasOverrides } from "./kept-overrides.ts";

export interface WatchedPriceBookOptions {
  /** The file of overrides; it need not be there. */
  readonly path: string;
  /** Where the files that were in use are kept. */
  readonly keptFolder: string;
  readonly log: Pick<Log, "info" | "warn">;
  readonly pollIntervalMs?: number;
}

/** A look at the file is one stat call. */
const POLL_INTERVAL_MS = 2_000;

/**
 * The book of prices with the overrides of a file that may change at any time. A file with problems changes
 * nothing: what was read last without one stays in use, and the log says what is wrong. One that cannot be read is read
 * again at the next look, though it looks the same. A start never fails
 * because of the file: telemetry that was refused is lost, while a wrong price can be corrected later.
 */
export class WatchedPriceBook implements PriceBook, Component {
  readonly name = "price overrides";
  private readonly options: WatchedPriceBookOptions;
  private readonly kept: KeptOverrides;
  private book: PriceBook = createPriceBook();
  private layer: PriceLayer | undefined;
  private readonly listeners: (() => void)[] = [];
  /** What the file looked like when it was read last. */
  private seen = "";
  /** What was wrong at the last look: said once, however often it is met. */
  private problem = "";
  private timer: NodeJS.Timeout | undefined;
  private polling: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(options: WatchedPriceBookOptions) {
    this.options = options;
    this.kept = new KeptOverrides(options.keptFolder);
  }

  /** What the file says, when there is one. */
  get overrides(): PriceLayer | undefined {
    return this.layer;
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  get version(): string {
    return this.book.version;
  }

  resolve(query: PriceQuery): PriceAnswer {
    return this.book.resolve(query);
  }

  /**
   * The book of an earlier version, for what was accepted under it: the overrides of that time over the list of
   * this program. Where they are kept no more, the book in use; the version on the rows says which it was.
   */
  bookOf(version: string): PriceBook {
    if (version === this.version) return this.book;
    const layer = this.kept.find(version);
    if (layer !== undefined) return createPriceBook([layer]);
    if (!hasOverrides(version)) return createPriceBook();
    this.options.log.warn("requests are priced by other overrides than when they were accepted", {
      accepted: version,
      inUse: this.version,
    });
    return this.book;
  }

  async start(): Promise<void> {
    this.isStopped = false;
    if ((await this.readChange()) === "broken") await this.useLastGood();
    this.schedule();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.polling; // it sets no further timer
  }

  private schedule(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.polling = this.readChange().then(() => this.schedule());
    }, this.options.pollIntervalMs ?? POLL_INTERVAL_MS);
    this.timer.unref();
  }

  /** Takes in what changed since the last look. Never rejects. */
  private async readChange(): Promise<"same" | "read" | "broken"> {
    const { path: file, log } = this.options;
    try {
      const appearance = await appearanceOf(file);
      if (appearance === this.seen) return "same";
      const body = appearance === ABSENT ? undefined : await readFile(file);
      this.seen = appearance;
      this.problem = "";
      if (body === undefined) {
        this.use(undefined);
        log.info("no price overrides: list prices apply", { path: file });
        return "read";
      }
      const layer = parsePriceFile(body, file);
      await this.keep(body, layer); // before anything is accepted under it
      this.use(layer);
      return "read";
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.problem) {
        log.warn(`price overrides: ${message}`, { inUse: this.version });
      }
      this.problem = message;
      return "broken";
    }
  }

  private use(layer: PriceLayer | undefined): void {
    this.layer = layer;
    this.book = createPriceBook(layer === undefined ? [] : [layer]);
    const { version } = this;
    if (layer !== undefined) {
      const entries = layer.entries.length;
      this.options.log.info("price overrides are in use", { version, entries });
    }
    for (const listener of this.listeners) listener();
  }

  private async keep(body: Uint8Array, layer: PriceLayer): Promise<void> {
    try {
      await this.kept.keep(body, layer);
    } catch (error) {
      this.options.log.warn(
        `the copy of the price overrides cannot be written: ${(error as Error).message}`,
      );
    }
  }

  private async useLastGood(): Promise<void> {
    let reason = "there is no earlier file";
    try {
      const layer = await this.kept.newest();
      if (layer !== undefined) {
        this.use(layer);
        return;
      }
    } catch (error) {
      reason = (error as Error).message;
    }
    const { log } = this.options;
    log.warn(`price overrides: ${reason}; list prices apply`, { inUse: this.version });
  }
}

const ABSENT = "absent";

/** Changes whenever the file does: replacing it gives another inode, writing into it another time or size. */
async function appearanceOf(file: string): Promise<string> {
  try {
    const { ino, mtimeMs, size } = await stat(file);
    return `${ino} ${mtimeMs} ${size}`;
  } catch (error) {
    if (isMissingFile(error)) return ABSENT;
    throw error;
  }
}
