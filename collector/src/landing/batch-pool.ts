import { RowBatch } from "@lensai/otel-config/span-row/row-batch";

/** Traffic that pauses for so long may have ended. Making a batch anew takes a few milliseconds. */
const QUIET_MS = 20_000;

/**
 * A bounded number of row batches that are used over and over: memory is bounded by them. When none has been asked for
 * in a while, those not in use are let go.
 */
export class BatchPool {
  private readonly options: BatchPoolOptions;
  private readonly idle: RowBatch[] = [];
  private existing = 0;
  private quietTimer: NodeJS.Timeout | undefined;

  constructor(options: BatchPoolOptions) {
    this.options = options;
  }

  get hasIdle(): boolean {
    return this.idle.length > 0 || this.existing < this.options.batchesMax;
  }

  /** An empty batch; undefined when all are in use. */
  take(): RowBatch | undefined {
    clearTimeout(this.quietTimer);
    const batch = this.idle.pop();
    if (batch !== undefined) return batch;
    if (!this.hasIdle) return undefined;
    this.existing += 1;
    return new RowBatch(this.options.rowsFull);
  }

  /** Takes a batch back. One that an outsized request has blown up is left to the garbage collector. */
  give(batch: RowBatch): void {
    const { rowsFull, batchBytesMax } = this.options;
    if (batch.capacity > rowsFull || batch.sizeBytes > batchBytesMax) {
      this.existing -= 1;
      return;
    }
    batch.reset();
    this.idle.push(batch);
    clearTimeout(this.quietTimer);
    this.quietTimer = setTimeout(() => this.letGo(), this.options.quietMs ?? QUIET_MS).unref();
  }

  private letGo(): void {
    this.existing -= this.idle.length;
    this.idle.length = 0;
    this.options.onLetGo?.();
    // Twelve megabytes each, of which the garbage collector would hear when there is traffic again.
    globalThis.gc?.();
  }
}

export interface BatchPoolOptions {
  /** Rows of one batch, unless a request needs more. */
  readonly rowsFull: number;
  readonly batchesMax: number;
  /** Memory above which an emptied batch is not kept. */
  readonly batchBytesMax: number;
  readonly quietMs?: number;
  /** Batches were let go: nobody else should hold them, either. */
  readonly onLetGo?: (() => void) | undefined;
}
