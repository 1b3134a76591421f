import { readFile, stat } from "node:fs/promises";
import { isMissingFile } from "@lensai/analytics/object-store/file-error";
import { mergeOverrides } from "@lensai/analytics/prices/merge-overrides";
import { parsePriceFile } from "@lensai/analytics/prices/price-file";
import type { Overrides } from "@lensai/analytics/prices/price-file";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { parsePriceEntries } from "@lensai/otel-config/pricing/parse-price-entries";
import type { PriceAnswer, PriceBook, PriceQuery } from "@lensai/otel-config/pricing/price-book";
import type { PriceEntry, PriceLayer } from "@lensai/otel-config/pricing/price-layer";
import type { Component } from "../component.ts";
import type { Log } from "../log.ts";
import { KeptOverrides, hasOverrides } from "./kept-overrides.ts";

export interface WatchedPriceBookOptions {
  /** The file of overrides; it need not be there. */
  readonly path: string;
  /** Where the overrides that were in use are kept. */
  readonly keptFolder: string;
  readonly log: Pick<Log, "info" | "warn">;
  readonly pollIntervalMs?: number;
}

/** A look at the file is one stat call. */
const POLL_INTERVAL_MS = 2_000;

/**
 * The book of prices with the overrides of a file and those that projects have set in the console; both may change at any
 * time. What has problems changes nothing: what was read last without one stays in use, and the log says what is wrong. A file
 * that cannot be read is read again at the next look, though it looks the same. A start never fails because of
 * prices: telemetry that was refused is lost, while a wrong price can be corrected later.
 */
export class WatchedPriceBook implements PriceBook, Component {
  readonly name = "price overrides";
  private readonly options: WatchedPriceBookOptions;
  private readonly kept: KeptOverrides;
  private book: PriceBook = createPriceBook();
  /** What the file says, or said last without a problem. */
  private file: Overrides | undefined;
  /** What the console says. */
  private set: readonly PriceEntry[] = [];
  private setText = "";
  private layer: PriceLayer | undefined;
  private readonly listeners: (() => void)[] = [];
  /** What the file looked like when it was read last. */
  private seen = "";
  /** What was wrong at the last look: said once, however often it is met. */
  private problem = "";
  private timer: NodeJS.Timeout | undefined;
  /** One change after the other: what came last is in use in the end. */
  private changing: Promise<unknown> = Promise.resolve();
  private isRunning = false;

  constructor(options: WatchedPriceBookOptions) {
    this.options = options;
    this.kept = new KeptOverrides(options.keptFolder);
  }

  /** What file and console say together, when they say anything. */
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

  /**
   * Takes the prices that a control snapshot has: in use as soon as a copy of them is kept. Undefined: the console says nothing of
   * prices.
   */
  useConsole(document: unknown): void {
    const text = JSON.stringify(document);
    if (document === undefined || text === this.setText) return;
    this.setText = text;
    const { entries, problems } = parsePriceEntries(document);
    if (problems.length > 0) {
      this.options.log.warn(`prices of the console: ${problems.join("; ")}`, {
        inUse: this.version,
      });
      return;
    }
    this.set = entries;
    if (this.isRunning) void this.inTurn(() => this.apply());
  }

  async start(): Promise<void> {
    this.isRunning = true;
    const read = await this.inTurn(() => this.readChange());
    if (read === "broken") await this.useLastGood();
    if (this.set.length > 0) await this.inTurn(() => this.apply());
    this.schedule();
  }

  async stop(): Promise<void> {
    this.isRunning = false;
    clearTimeout(this.timer);
    await this.changing; // it sets no further timer
  }

  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.changing.then(change);
    this.changing = changed;
    return changed;
  }

  private schedule(): void {
    if (!this.isRunning) return;
    this.timer = setTimeout(() => {
      void this.inTurn(() => this.readChange()).then(() => this.schedule());
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
      this.file = body === undefined ? undefined : { body, layer: parsePriceFile(body, file) };
      if (body === undefined) log.info("no file of price overrides", { path: file });
      await this.apply();
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

  /** Puts in use what file and console say. Never rejects. */
  private async apply(): Promise<void> {
    try {
      const overrides = mergeOverrides(this.file, this.set);
      if (overrides?.layer.version === this.layer?.version) return;
      if (overrides !== undefined) await this.keep(overrides); // before anything is accepted under it
      this.use(overrides?.layer);
    } catch (error) {
      this.options.log.warn(`price overrides: ${(error as Error).message}`, {
        inUse: this.version,
      });
    }
  }

  private use(layer: PriceLayer | undefined): void {
    this.layer = layer;
    this.book = createPriceBook(layer === undefined ? [] : [layer]);
    const { version } = this;
    if (layer === undefined) this.options.log.info("list prices apply", { version });
    else {
      const entries = layer.entries.length;
      this.options.log.info("price overrides are in use", { version, entries });
    }
    for (const listener of this.listeners) listener();
  }

  private async keep(overrides: Overrides): Promise<void> {
    try {
      await this.kept.keep(overrides);
    } catch (error) {
      this.options.log.warn(
        `the copy of the price overrides cannot be written: ${(error as Error).message}`,
      );
    }
  }

  private async useLastGood(): Promise<void> {
    let reason = "there is no earlier file";
    try {
      this.file = await this.kept.newest();
      if (this.file !== undefined) {
        this.use(this.file.layer);
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
