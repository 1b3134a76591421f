import { ENVELOPE_MEDIA_TYPE } from "@lensai/otel-config/signing/envelope";
import { SseParser } from "@lensai/otel-config/event-stream/sse-parser";
import type { Component } from "../component.ts";
import type { SnapshotKeeper } from "./snapshot-keeper.ts";

export interface SnapshotLinkOptions {
  /** Base URL of the console; undefined: no console, only what is built in. */
  readonly url: string | undefined;
  readonly token: string | undefined;
  /** Between two questions where the console does not push, and before a lost stream is opened again. */
  readonly intervalMs: number;
  readonly keeper: SnapshotKeeper;
  /** Told once per change of fortune: when the console begins to fail, with the reason, and when it recovers. */
  readonly onState: (problem: string | undefined) => void;
  /** Told when a stream has begun: what the console was told before may have been forgotten. */
  readonly onConnect?: (() => void) | undefined;
}

/** A console that does not begin to answer in this time is down; the last good copy is used meanwhile. */
const ANSWER_TIMEOUT_MS = 5_000;

/** A console says something every five seconds. */
const SILENCE_MAX_MS = 20_000;

/** Questions to a dead console slow down to this. */
const BACKOFF_MS_MAX = 30_000;

/** A lost stream is asked for again at least this soon. */
const RECONNECT_MS_MAX = 500;

/** Characters of a signed snapshot. One of 10,000 projects and keys has about 4 million; a budget adds 800. */
const SNAPSHOT_CHARACTERS_MAX = 48 * 1024 * 1024;

/**
 * The way to the console: snapshots are pushed over a stream, and asked for where something in between does not let
 * streams through. Start never waits for the console: a collector must ingest while the console is down.
 */
export class SnapshotLink implements Component {
  readonly name = "control link";
  private readonly options: SnapshotLinkOptions;
  private readonly stopped = new AbortController();
  private failures = 0;
  private timer: NodeJS.Timeout | undefined;
  private asking: Promise<void> = Promise.resolve();

  constructor(options: SnapshotLinkOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    if (this.options.url === undefined) return;
    try {
      await this.options.keeper.open();
    } catch (error) {
      this.options.onState(`the last good copy is unusable: ${reasonOf(error)}`);
    }
    this.schedule(0);
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    clearTimeout(this.timer);
    await this.asking;
    await this.options.keeper.settled();
  }

  private schedule(delayMs: number): void {
    if (this.stopped.signal.aborted) return;
    this.timer = setTimeout(() => {
      this.asking = this.ask();
    }, delayMs);
    this.timer.unref();
  }

  /** One question, however long its answer. */
  private async ask(): Promise<void> {
    const { intervalMs } = this.options;
    try {
      const isStream = await this.exchange(new Exchange(this.stopped.signal));
      this.schedule(isStream ? Math.min(intervalMs, RECONNECT_MS_MAX) : intervalMs);
    } catch (error) {
      if (this.stopped.signal.aborted) return;
      this.failures += 1;
      if (this.failures === 1) this.options.onState(reasonOf(error));
      const backoffMs = intervalMs * 2 ** Math.min(this.failures - 1, 10);
      this.schedule(Math.max(intervalMs, Math.min(backoffMs, BACKOFF_MS_MAX)));
    }
  }

  /** True when the answer was a stream. Rejects with what went wrong. */
  private async exchange(exchange: Exchange): Promise<boolean> {
    const { url, token, keeper } = this.options;
    const { keptVersion } = keeper;
    try {
      exchange.expectWithin(ANSWER_TIMEOUT_MS);
      const response = await fetch(new URL("internal/control", `${url}/`), {
        headers: {
          accept: `text/event-stream, ${ENVELOPE_MEDIA_TYPE};q=0.9`,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(keptVersion !== undefined && { "if-none-match": `"${keptVersion}"` }),
        },
        redirect: "error",
        signal: exchange.signal,
      });
      if (response.status === 304) {
        this.heard();
        return false;
      }
      if (response.status !== 200) {
        await response.body?.cancel();
        throw new Error(`the console answered ${response.status}`);
      }
      const isStream =
        response.headers.get("content-type")?.startsWith("text/event-stream") === true;
      if (isStream) await this.readStream(response, exchange);
      else await this.readDocument(response);
      return isStream;
    } catch (error) {
      throw exchange.failure ?? error;
    } finally {
      exchange.close();
    }
  }

  private async readStream(response: Response, exchange: Exchange): Promise<void> {
    const { keeper, onConnect } = this.options;
    const parser = new SseParser(SNAPSHOT_CHARACTERS_MAX);
    const decoder = new TextDecoder();
    onConnect?.();
    for await (const chunk of response.body ?? []) {
      exchange.expectWithin(SILENCE_MAX_MS);
      for (const { data, isTooLong } of parser.push(decoder.decode(chunk, { stream: true }))) {
        if (isTooLong) throw tooLarge();
        if (data === undefined || data === "") this.heard();
        // It holds at once; a copy that cannot be written ends the stream, and the next one brings it again.
        else
          keeper.take(data).then(
            () => this.heard(),
            (error: unknown) => exchange.fail(error),
          );
      }
    }
  }

  private async readDocument(response: Response): Promise<void> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > SNAPSHOT_CHARACTERS_MAX) throw tooLarge();
    }
    await this.options.keeper.take(text);
    this.heard();
  }

  private heard(): void {
    this.options.keeper.confirm();
    if (this.failures > 0) this.options.onState(undefined);
    this.failures = 0;
  }
}

/** A request that ends with the link, when it fails, and when the other side says nothing for too long. */
class Exchange {
  readonly signal: AbortSignal;
  failure: unknown;
  private readonly own = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  constructor(stopped: AbortSignal) {
    this.signal = AbortSignal.any([stopped, this.own.signal]);
  }

  expectWithin(timeoutMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => this.fail(new Error(`the console said nothing for ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.timer.unref();
  }

  fail(error: unknown): void {
    this.failure ??= error;
    this.own.abort();
  }

  close(): void {
    clearTimeout(this.timer);
    this.own.abort();
  }
}

const tooLarge = (): Error =>
  new Error(
    `the snapshot has more than ${SNAPSHOT_CHARACTERS_MAX} characters: delete keys and budgets that nobody uses`,
  );

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
