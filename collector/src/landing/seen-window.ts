import { FingerprintTable } from "./fingerprint-table.ts";
import { BATCH_ID_BYTES } from "./wal-record.ts";

/**
 * What was accepted lately, so that a retry lands once. Two levels, both bounded: whole requests (by the
 * hash of their bytes, for at least 15 minutes) and single spans (by SpanIdentity, the newest few million),
 * which catches spans that come again in another request. Answers are exact for requests; two different
 * spans share a 64-bit hash once in 10^13 look-ups of a full table.
 */
export class SeenWindow {
  private readonly options: SeenWindowOptions;
  /** Oldest first; the last one is filled. */
  private requests: RequestGeneration[] = [];
  private spans = new FingerprintTable(2);
  private spansBefore = new FingerprintTable(2);
  private readonly key = new Uint32Array(BATCH_ID_BYTES / 4);
  private readonly keyBytes = new Uint8Array(this.key.buffer);

  constructor(options: Partial<SeenWindowOptions> = {}) {
    this.options = { ...DEFAULTS, ...options };
  }

  get requestCount(): number {
    return this.requests.reduce((total, generation) => total + generation.table.size, 0);
  }

  get spanCount(): number {
    return this.spans.size + this.spansBefore.size;
  }

  seenRequest(batchId: Uint8Array): boolean {
    this.keyBytes.set(batchId);
    return this.requests.some(({ table }) => table.has(this.key, 0));
  }

  /** Times must not run backwards by more than a generation; an earlier time counts as the latest seen. */
  addRequest(batchId: Uint8Array, receivedAtMs: number): void {
    this.keyBytes.set(batchId);
    const generation = this.generationFor(receivedAtMs);
    generation.lastAddedMs = Math.max(generation.lastAddedMs, receivedAtMs);
    generation.table.add(this.key, 0);
  }

  removeRequest(batchId: Uint8Array): void {
    this.keyBytes.set(batchId);
    for (const { table } of this.requests) table.remove(this.key, 0);
  }

  /** False when the span was there already. */
  addSpan(low: number, high: number): boolean {
    const { key } = this;
    key[0] = low;
    key[1] = high;
    if (this.spansBefore.has(key, 0)) return false;
    if (this.spans.size >= this.options.spansMax / 2) this.forgetOldestSpans();
    return this.spans.add(key, 0);
  }

  removeSpan(low: number, high: number): void {
    this.key[0] = low;
    this.key[1] = high;
    if (!this.spans.remove(this.key, 0)) this.spansBefore.remove(this.key, 0);
  }

  /** The tables change places: a new one would be 19 MB, with the old one still in memory. */
  private forgetOldestSpans(): void {
    const { spans, spansBefore } = this;
    this.spansBefore = spans;
    this.spans = spansBefore;
    if (spansBefore.slots === spans.slots) spansBefore.clear();
    else this.spans = new FingerprintTable(2, spans.slots);
  }

  private generationFor(nowMs: number): RequestGeneration {
    const { requestWindowMs, requestsMax } = this.options;
    const current = this.requests.at(-1);
    const isOpen =
      current !== undefined &&
      nowMs - current.startedMs < requestWindowMs / REQUEST_GENERATIONS &&
      current.table.size < requestsMax / REQUEST_GENERATIONS;
    if (isOpen) return current;
    const added = { startedMs: nowMs, lastAddedMs: nowMs, table: new FingerprintTable(4) };
    const kept = this.requests.filter(({ lastAddedMs }) => nowMs - lastAddedMs <= requestWindowMs);
    this.requests = [...kept.slice(-REQUEST_GENERATIONS), added];
    return added;
  }
}

export interface SeenWindowOptions {
  /** Requests are remembered at least this long after they arrived. */
  readonly requestWindowMs: number;
  /** Above this many requests in the window the oldest quarter is forgotten early. */
  readonly requestsMax: number;
  /** Spans remembered; between half of it and all of it at any time once it was reached. */
  readonly spansMax: number;
}

/** Retries are promised to be harmless for 15 minutes; the rest is for slow clocks. */
export const REQUEST_WINDOW_MS: number = 20 * 60 * 1000;

/** Two tables of 2^21 slots, half full: 38 MB when full, nothing before. */
export const SPANS_MAX: number = 2 ** 21;

const DEFAULTS: SeenWindowOptions = {
  requestWindowMs: REQUEST_WINDOW_MS,
  requestsMax: 2_000_000, // 1,700 requests a second for 20 minutes; 143 MB when full
  spansMax: SPANS_MAX,
};

/** A request table is dropped as a whole; more of them waste less time beyond the window. */
const REQUEST_GENERATIONS = 4;

interface RequestGeneration {
  readonly startedMs: number;
  lastAddedMs: number;
  readonly table: FingerprintTable;
}
