/** Spans that are sent together. */
export interface Batch {
  /** The request as protobuf, compressed as soon as that is done. */
  bytes: Uint8Array<ArrayBuffer>;
  isGzip: boolean;
  readonly spanCount: number;
}

export interface QueueLimits {
  readonly bytesMax: number;
  readonly spansMax: number;
}

/** What a batch occupies beside its bytes: objects, and their place in the queue. */
const BATCH_OVERHEAD_BYTES = 512;

/**
 * Batches that wait to be sent, within limits. Who waits longest goes first, and makes room first: after an
 * outage, what is there is the newest and without gaps, and budgets are settled with what counts now.
 */
export class DeliveryQueue {
  readonly #limits: QueueLimits;
  readonly #batches: Batch[] = [];
  #byteCount = 0;
  #spanCount = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#batches.length;
  }

  get spanCount(): number {
    return this.#spanCount;
  }

  /** With everything that batches occupy in memory. */
  get byteCount(): number {
    return this.#byteCount;
  }

  /** The batches that had to make room for it: the oldest, and itself where it is too large alone. */
  push(batch: Batch): readonly Batch[] {
    this.#batches.push(batch);
    this.#add(batch, 1);
    const displaced: Batch[] = [];
    while (this.#byteCount > this.#limits.bytesMax || this.#spanCount > this.#limits.spansMax) {
      displaced.push(this.shift() as Batch);
    }
    return displaced;
  }

  first(): Batch | undefined {
    return this.#batches[0];
  }

  shift(): Batch | undefined {
    const batch = this.#batches.shift();
    if (batch !== undefined) this.#add(batch, -1);
    return batch;
  }

  /** Gives a batch that waits its compressed form; one that does not wait any longer stays as it is. */
  replaceBytes(batch: Batch, gzipped: Uint8Array<ArrayBuffer>): void {
    if (!this.#batches.includes(batch)) return;
    this.#add(batch, -1);
    batch.bytes = gzipped;
    batch.isGzip = true;
    this.#add(batch, 1);
  }

  #add({ bytes, spanCount }: Batch, sign: 1 | -1): void {
    this.#byteCount += sign * (bytes.length + BATCH_OVERHEAD_BYTES);
    this.#spanCount += sign * spanCount;
  }
}
