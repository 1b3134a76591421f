import { TraceFlags } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { DeliveryCounts } from "./delivery-counts.ts";
import type { Batch } from "./delivery-queue.ts";
import { joined } from "../wire/joined-bytes.ts";
import { encodeSpans } from "./encode-spans.ts";

/** Spans that are encoded in one go: few enough that nobody notices, enough to share their resource. */
const CHUNK_SPANS = 8;

/** A batch is full at this size, before compression, however few its spans are. */
const BATCH_BYTES_MAX = 4 * 1024 * 1024;

/** Spans that wait for their resource to be known; detectors that never answer must not fill the memory. */
const WAITING_SPANS_MAX = 2048;

/** Turns spans into batches of encoded ones, so that what waits has a known size. */
export class SpanBatcher {
  readonly #spansMax: number;
  readonly #counts: DeliveryCounts;
  #spans: ReadableSpan[] = [];
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #chunkBytes = 0;
  #chunkSpans = 0;

  /** `spansMax`: a batch is full with so many. */
  constructor(spansMax: number, counts: DeliveryCounts) {
    this.#spansMax = spansMax;
    this.#counts = counts;
  }

  get spanCount(): number {
    return this.#spans.length + this.#chunkSpans;
  }

  /** Is there enough for a whole batch? */
  get isFull(): boolean {
    return this.#chunkSpans >= this.#spansMax || this.#chunkBytes >= BATCH_BYTES_MAX;
  }

  /** Spans that are not sampled are none of ours. */
  add(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    this.#counts.made += 1;
    this.#spans.push(span);
    if (this.#spans.length < Math.min(CHUNK_SPANS, this.#spansMax)) return;
    if (!this.#isResourcePending()) this.#encode();
    else if (this.#spans.length > WAITING_SPANS_MAX) {
      this.#spans.shift();
      this.#counts.drop("queue_full", 1);
    }
  }

  /** What the spans at hand still wait for: the resource that a detector is looking up. */
  async resourcesKnown(): Promise<void> {
    const resources = new Set(this.#spans.map((span) => span.resource));
    for (const resource of resources) {
      if (resource.asyncAttributesPending === true) await resource.waitForAsyncAttributes?.();
    }
  }

  /** Everything there is; undefined when that is nothing. */
  take(): Batch | undefined {
    this.#encode();
    if (this.#chunkSpans === 0) return undefined;
    const batch = { bytes: joined(this.#chunks), isGzip: false, spanCount: this.#chunkSpans };
    this.#chunks = [];
    this.#chunkBytes = 0;
    this.#chunkSpans = 0;
    return batch;
  }

  #isResourcePending(): boolean {
    return this.#spans.some((span) => span.resource.asyncAttributesPending === true);
  }

  #encode(): void {
    if (this.#spans.length === 0) return;
    const spans = this.#spans;
    this.#spans = [];
    const chunk = encodeSpans(spans);
    this.#counts.drop("encoding_failed", spans.length - (chunk?.spanCount ?? 0));
    if (chunk === undefined) return;
    this.#chunks.push(chunk.bytes);
    this.#chunkBytes += chunk.bytes.length;
    this.#chunkSpans += chunk.spanCount;
  }
}
