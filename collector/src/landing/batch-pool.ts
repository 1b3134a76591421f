import { RowBatch } from "@lensai/otel-config/span-row/row-batch";

/** A bounded number of row batches that are used over and over: memory is bounded by them. */
export class BatchPool {
  private readonly options: BatchPoolOptions;
  private readonly idle: RowBatch[] = [];
  private existing = 0;

  constructor(options: BatchPoolOptions) {
    this.options = options;
  }

  get rowsMax(): number {
    return this.options.rowsMax;
  }

  /** An empty batch; undefined when all are in use. */
  take(): RowBatch | undefined {
    const batch = this.idle.pop();
    if (batch !== undefined) return batch;
    if (this.existing >= this.options.batchesMax) return undefined;
    this.existing += 1;
    return new RowBatch(this.options.rowsMax);
  }

  /** Takes a batch back. One that an outsized request has blown up is left to the garbage collector. */
  give(batch: RowBatch): void {
    if (batch.capacity !== this.options.rowsMax) return;
    if (batch.sizeBytes > this.options.batchBytesMax) {
      this.existing -= 1;
      return;
    }
    batch.reset();
    this.idle.push(batch);
  }
}

export interface BatchPoolOptions {
  /** Rows of one batch. */
  readonly rowsMax: number;
  readonly batchesMax: number;
  /** Memory above which an emptied batch is not kept. */
  readonly batchBytesMax: number;
}
