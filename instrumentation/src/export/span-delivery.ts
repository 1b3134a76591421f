import { ROOT_CONTEXT } from "@opentelemetry/api";
import { suppressTracing } from "@opentelemetry/core";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace";
import { neverThrow } from "../spans/never-throw.ts";
import { DeliveryCounts } from "./delivery-counts.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import type { Batch, QueueLimits } from "./delivery-queue.ts";
import { DeliveryReporter } from "./delivery-reporter.ts";
import type { DeliveryReporterOptions } from "./delivery-reporter.ts";
import type { ExportOutcome } from "./export-outcome.ts";
import type { EncodedBody } from "./otlp-client.ts";
import { Pause } from "./pause.ts";
import { retryDelayMs } from "./retry-delay.ts";
import { SpanBatcher } from "./span-batcher.ts";
import type { SpillFolder } from "./spill-folder.ts";
import { runInContext } from "../telemetry/global-api.ts";

/** While a process waits for its end, a receiver that is away must leave time to write to disk. */
const FLUSH_ATTEMPT_MS = 1000;

export interface SpanDeliveryOptions extends QueueLimits, DeliveryReporterOptions {
  /** One attempt to deliver, of the usual length when `timeoutMs` is absent; never rejects. */
  readonly send: (body: EncodedBody, timeoutMs?: number) => Promise<ExportOutcome>;
  /** Where batches wait on disk while the receiver is away; undefined: in memory alone. */
  readonly spill: SpillFolder | undefined;
  /** Ends the spans that are about to end. */
  readonly beforeFlush?: (() => void) | undefined;
  /** Undefined: batches are sent as they are. */
  readonly gzip: ((bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>) | undefined;
  /** A batch is sent with so many spans, */
  readonly batchSpansMax: number;
  /** or so long after its first one. */
  readonly delayMs: number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/**
 * Takes spans that have ended to the receiver. The application never waits for it: a span costs it its encoding,
 * and everything else happens later. While the receiver is away, batches wait in a queue of bounded size; those
 * that make room are counted.
 */
export class SpanDelivery implements SpanProcessor {
  readonly counts = new DeliveryCounts();
  readonly #options: SpanDeliveryOptions;
  readonly #batcher: SpanBatcher;
  readonly #queue: DeliveryQueue;
  readonly #reporter: DeliveryReporter;
  readonly #pause = new Pause();
  readonly #compressing = new WeakMap<Batch, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #inFlight: Batch | undefined;
  /** Attempts in a row that failed, and how long to wait before the next one. */
  #failures = 0;
  #retryMs = 0;
  /** While somebody waits for the end of the work, a failure ends it. */
  #flushes = 0;
  /** There may be something to deliver on disk, also of an earlier process. */
  #hasSpilled: boolean;
  #hasEnded = false;

  constructor(options: SpanDeliveryOptions) {
    this.#options = options;
    this.#batcher = new SpanBatcher(options.batchSpansMax, this.counts);
    this.#queue = new DeliveryQueue(options);
    this.#reporter = new DeliveryReporter(options, this.counts);
    this.#hasSpilled = options.spill !== undefined;
    this.#startSending();
  }

  /** Spans that are still here, in whatever form. */
  get waiting(): number {
    return this.#batcher.spanCount + this.#queue.spanCount + (this.#inFlight?.spanCount ?? 0);
  }

  /** What the batches that wait occupy. */
  get queuedBytes(): number {
    return this.#queue.byteCount + (this.#inFlight?.bytes.length ?? 0);
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#hasEnded) return;
    neverThrow("keeping a span", () => {
      this.#reporter.resource ??= span.resource;
      this.#batcher.add(span);
      if (this.#batcher.isFull) this.#seal();
      else this.#sealLater();
    });
  }

  /**
   * Tries to deliver everything there is. Resolves when that is done, or when an attempt has failed: the receiver
   * is away then, and the rest keeps waiting, on disk if it may. Never rejects.
   */
  async forceFlush(): Promise<void> {
    this.#options.beforeFlush?.();
    this.#flushes += 1;
    try {
      await this.#batcher.resourcesKnown().catch(() => {});
      neverThrow("encoding spans", () => this.#seal());
      this.#pause.end();
      this.#startSending();
      await this.#sending;
      if (this.#failures === 0) await this.#reporter.report({ isLast: true });
    } finally {
      this.#flushes -= 1;
    }
    this.#startSending();
  }

  /** The same, and the end: what could not be delivered is dropped, and counted. */
  async shutdown(): Promise<void> {
    if (this.#hasEnded) return;
    await this.forceFlush();
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift()) {
      this.counts.drop("shutdown", batch.spanCount);
    }
    this.#pause.end();
  }

  /** Batches grow while others wait: an outage leaves few large ones instead of many small ones. */
  #sealLater(): void {
    if (this.#timer !== undefined || this.#batcher.spanCount === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#queue.length > 0) return;
      void this.#batcher
        .resourcesKnown()
        .catch(() => {})
        .then(() => neverThrow("encoding spans", () => this.#seal()));
    }, this.#options.delayMs);
    this.#timer.unref();
  }

  #seal(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#batcher.take();
    if (batch === undefined) return;
    this.#makeRoom(this.#queue.push(batch));
    this.#compressing.set(batch, this.#compress(batch));
    this.#startSending();
  }

  #makeRoom(displaced: readonly Batch[]): void {
    for (const { spanCount } of displaced) this.counts.drop("queue_full", spanCount);
  }

  async #compress(batch: Batch): Promise<void> {
    try {
      const gzipped = await this.#options.gzip?.(batch.bytes);
      if (gzipped !== undefined) this.#queue.replaceBytes(batch, gzipped);
    } catch {
      // It is sent as it is.
    }
  }

  /** In no context of the application, and unseen by other instrumentation. */
  #startSending(): void {
    if (this.#sending !== undefined || (this.#queue.length === 0 && !this.#hasSpilled)) return;
    this.#sending = runInContext(suppressTracing(ROOT_CONTEXT), () => this.#send());
  }

  async #send(): Promise<void> {
    while (this.#queue.length > 0 || this.#hasSpilled) {
      if (this.#failures > 0) {
        await this.#spill();
        if (this.#flushes === 0) await this.#pause.start(this.#retryMs);
        await this.#spill();
        // What is left in memory deserves an attempt.
        if (this.#flushes > 0 && this.#queue.length === 0) break;
      }
      if (this.#hasEnded) break;
      await (this.#queue.length > 0 ? this.#sendFirst() : this.#sendSpilled());
      if (this.#flushes > 0 && (this.#failures > 0 || this.#queue.length === 0)) {
        await this.#spill();
        break;
      }
    }
    this.#sending = undefined;
    this.#sealLater();
  }

  async #sendFirst(): Promise<void> {
    const batch = this.#queue.first() as Batch;
    await this.#compressing.get(batch);
    // It may have made room meanwhile.
    if (batch !== this.#queue.first()) return;
    this.#inFlight = this.#queue.shift();
    const isTaken = await this.#attempt(batch);
    this.#inFlight = undefined;
    // Behind those that wait, so that one that nobody takes does not hold up the others.
    if (!isTaken) this.#makeRoom(this.#queue.push(batch));
  }

  /** The oldest on disk, of whichever process. */
  async #sendSpilled(): Promise<void> {
    const spilled = await this.#options.spill?.take();
    this.#countLostOnDisk();
    if (spilled === undefined) {
      this.#hasSpilled = false;
      return;
    }
    const { batch, isOwn } = spilled;
    if (!(await this.#attempt(batch))) return spilled.release();
    if (isOwn) this.counts.spilled -= batch.spanCount;
    else this.counts.made += batch.spanCount;
    await spilled.remove();
  }

  /** To disk with what waits, if it may; what cannot be written stays where it is. */
  async #spill(): Promise<void> {
    const { spill } = this.#options;
    if (spill === undefined) return;
    for (let batch = this.#queue.first(); batch !== undefined; batch = this.#queue.first()) {
      await this.#compressing.get(batch);
      if (batch !== this.#queue.first()) continue;
      this.#inFlight = this.#queue.shift();
      try {
        await spill.keep(batch);
        this.counts.spilled += batch.spanCount;
        this.#hasSpilled = true;
      } catch {
        this.#makeRoom(this.#queue.push(batch));
        return;
      } finally {
        this.#inFlight = undefined;
        this.#countLostOnDisk();
      }
    }
  }

  #countLostOnDisk(): void {
    const lostSpans = this.#options.spill?.takeLostSpans() ?? 0;
    this.counts.spilled -= lostSpans;
    this.counts.drop("spill_full", lostSpans);
  }

  /** False when the receiver is away: then it is for later. */
  async #attempt({ bytes, isGzip, spanCount }: Batch): Promise<boolean> {
    const { send, spill, random } = this.#options;
    const isBrief = spill !== undefined && this.#flushes > 0;
    const outcome = await send({ bytes, isGzip }, isBrief ? FLUSH_ATTEMPT_MS : undefined);
    if (outcome.kind === "retryable") {
      this.#failures += 1;
      this.#retryMs = retryDelayMs(this.#failures, outcome.retryAfterMs, random());
      return false;
    }
    this.#failures = 0;
    if (outcome.kind === "refused") this.counts.fail(outcome.errorType, spanCount);
    else {
      const rejected = Math.min(outcome.rejectedCount, spanCount);
      this.counts.delivered += spanCount - rejected;
      this.counts.fail("rejected", rejected);
      await this.#reporter.report({ isLast: false });
    }
    return true;
  }
}
