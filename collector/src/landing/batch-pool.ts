import { RowBatch } from "@lensai/otel-config/span-row/row-batch";

/** A bounded number of row batches that are used over and over: memory is bounded by them. */
export class BatchPool {
  private readonly options: BatchPoolOptions;
  private readonly idle: RowBatch[] = [];
  private existing = 0;

  constructor(options: BatchPoolOptions) {
    this.options = options;
  }

  get hasIdle(): boolean {
    return this.idle.length > 0 || this.existing < this.options.batchesMax;
  }

  /** An empty batch; undefined when all are in use. */
  take(): RowBatch | undefined {
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
  }
}

export interface BatchPoolOptions {
  /** Rows of one batch, unless a request needs more. */
  readonly rowsFull: number;
  readonly batchesMax: number;
  /** Memory above which an emptied batch is not kept. */
  readonly batchBytesMax: number;
}
