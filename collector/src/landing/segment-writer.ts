import { LensError } from "@lensai/otel-config/errors";
import type { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import type { BatchPool } from "./batch-pool.ts";
import type { Lander } from "./lander.ts";
import { rollbackRows } from "./rollback-rows.ts";
import type { SeenWindow } from "./seen-window.ts";
import { storageBehind } from "./storage-behind.ts";
import type { Wal } from "./wal.ts";
import { RECORD_BYTES_MAX } from "./wal-record.ts";
import type { WalRecord, WalRecordInput } from "./wal-record.ts";
import type { WalSegment } from "./wal-segment.ts";

/** How often an old segment looks whether its successor is ready: preparing one takes tens of milliseconds. */
const SUPPLY_POLL_MS = 10;

/**
 * The open WAL segment and the open row batch, which live and die together: each record in the one has its
 * rows in the other. The order of work is prepare, decode into `batch`, append, all in one turn of the
 * event loop.
 */
export class SegmentWriter {
  private readonly options: SegmentWriterOptions;
  private open: OpenSegment | undefined;
  private isClosed = false;
  private last: RequestSize = { rows: 0, bytes: 0 };

  constructor(options: SegmentWriterOptions) {
    this.options = options;
  }

  /** The batch to append rows to. Only to be used between `prepare` and `append`. */
  get batch(): RowBatch {
    if (this.open === undefined) throw new Error("prepare() comes before the batch is used");
    return this.open.batch;
  }

  /** When the first record arrived that is not sealed yet. */
  get oldestReceivedMs(): number | undefined {
    return this.open?.segment.firstReceivedMs;
  }

  /**
   * False when the next request had better wait a moment: it needs the next segment, and neither its file nor a
   * batch is at hand, but both will be soon. Taken all the same it would be refused, or take the batch from a
   * segment that waits, whose rows then have to be decoded a second time. True also when waiting is no use.
   */
  get hasRoom(): boolean {
    const { wal, pool, lander } = this.options;
    if (this.isClosed || wal.trouble !== undefined || this.openHasRoom) return true;
    if (!wal.supply.isReady) {
      void wal.supply.prepare();
      return wal.supply.isBehind;
    }
    return pool.hasIdle || lander.isStalled;
  }

  /**
   * Throws what `prepare` would throw, `ingest.storage_behind`, for a request of which nothing is known but that
   * it has arrived: so it is refused before it has cost anything.
   */
  refuseWhileBehind(): void {
    const { wal } = this.options;
    if (wal.trouble !== undefined) throw storageBehind(wal.trouble);
    const { supply } = wal;
    if (!supply.isReady && supply.isBehind && !this.openHasRoom)
      throw storageBehind(supply.shortage);
  }

  /** For a request like the last one, that is: nobody knows the next one before it is inflated. */
  private get openHasRoom(): boolean {
    return this.open !== undefined && this.fits(this.open, this.last);
  }

  /**
   * Makes room for one request of at most so many rows and bytes (as inflated), rolling over before it when
   * it would not fit, so that its rows never straddle two segments. Throws `ingest.storage_behind`
   * (retryable) when nothing can be accepted now, `ingest.body_too_large` for a request that never can.
   */
  prepare(rowsExpected: number, bytesExpected: number): void {
    const { wal, limits } = this.options;
    if (this.isClosed) throw shuttingDown();
    if (rowsExpected > limits.rowsMax || bytesExpected > RECORD_BYTES_MAX / 2) {
      throw new LensError(
        "ingest.body_too_large",
        `the request holds up to ${rowsExpected} records in ${bytesExpected} bytes; at most ${limits.rowsMax} records fit, send smaller batches`,
      );
    }
    const { trouble } = wal;
    if (trouble !== undefined) throw storageBehind(trouble);
    this.last = { rows: rowsExpected, bytes: bytesExpected };
    if (this.open !== undefined && !this.fits(this.open, this.last)) this.seal();
    this.open ??= this.openNext();
    if (this.open.recordCount === 0) this.open.batch.reserveRows(rowsExpected);
  }

  /**
   * Writes the record of the rows that were just decoded. Resolves when it is durable. Rejects with
   * `ingest.storage_behind`; then its rows, its request id and its spans have been forgotten.
   */
  append(record: WalRecordInput): Promise<void> {
    const { wal, seen, limits } = this.options;
    const { open } = this;
    if (open === undefined) return Promise.reject(new Error("prepare() comes before append()"));
    seen.addRequest(record.batchId, record.receivedAtMs);
    const durable = wal.append(open.segment, record);
    open.recordCount += 1;
    open.bytes += record.payload.length;
    open.timer ??= setTimeout(() => this.sealByAge(open), limits.landingIntervalMs);
    if (isFull(open, limits)) this.seal();
    return durable;
  }

  /** Resolves when everything appended before is durable: what a duplicate has to wait for. */
  barrier(): Promise<void> {
    return this.options.wal.barrier();
  }

  /**
   * Landing a little later costs freshness; landing with no next segment at hand costs refusals, and gRPC
   * clients do not send again. So age waits for the supply, unless the supply waits for the lake itself.
   */
  private sealByAge(open: OpenSegment): void {
    if (this.open !== open) return;
    const { supply } = this.options.wal;
    if (supply.isReady || supply.isBehind) this.seal();
    else open.timer = setTimeout(() => this.sealByAge(open), SUPPLY_POLL_MS);
  }

  /** Sends the open segment on its way to the lake. Nothing happens when it is empty. */
  seal(): void {
    const { open } = this;
    if (open === undefined || open.recordCount === 0) return;
    clearTimeout(open.timer);
    this.open = undefined;
    this.options.lander.land(open.segment, open.batch, this.options.wal.settled());
  }

  /** Seals, and resolves when every record has been written or refused. No request is accepted any more. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.seal();
    try {
      await this.barrier();
    } catch {
      // Their senders have been told.
    }
  }

  /** Takes back what refused records had added. Wired to the log, which calls it before it tells anybody. */
  rollBack(refused: readonly Pick<WalRecord, "batchId" | "spanHashes">[]): void {
    const { seen, lander } = this.options;
    for (const { batchId, spanHashes } of refused) {
      seen.removeRequest(batchId);
      for (let at = 0; at < (spanHashes?.length ?? 0); at += 2) {
        seen.removeSpan(spanHashes?.[at] as number, spanHashes?.[at + 1] as number);
      }
    }
    // All of them come after all that is durable, so cutting the ends off is enough.
    lander.rollBack();
    if (this.open === undefined) return;
    rollbackRows(this.open.batch, this.open.segment.rowCount);
    this.seal(); // the file is cut short, and no longer what the next record should go to
  }

  private fits(open: OpenSegment, { rows, bytes }: RequestSize): boolean {
    if (open.recordCount === 0) return true;
    const { limits } = this.options;
    return (
      open.batch.rowCount + rows <= open.batch.capacity &&
      open.batch.plainBytes + bytes <= limits.plainBytesMax &&
      open.bytes + bytes <= limits.segmentBytes
    );
  }

  private openNext(): OpenSegment {
    const { wal, pool, lander } = this.options;
    if (!wal.supply.isReady) {
      void wal.supply.prepare();
      throw storageBehind(wal.supply.shortage);
    }
    const batch = pool.take() ?? lander.spillNewest();
    if (batch === undefined) throw storageBehind("all row batches are on their way to the lake");
    const segment = wal.supply.take();
    if (segment === undefined) throw storageBehind(wal.supply.shortage);
    return { segment, batch, recordCount: 0, bytes: 0, timer: undefined };
  }
}

export interface SegmentWriterOptions {
  readonly wal: Wal;
  readonly lander: Lander;
  readonly pool: BatchPool;
  readonly seen: SeenWindow;
  readonly limits: SegmentLimits;
}

export interface SegmentLimits {
  /** A segment is sealed with so many rows, for which its batch has room. */
  readonly rowsFull: number;
  /** Rows of one request. With more than `rowsFull` it is alone in its segment. */
  readonly rowsMax: number;
  /** Plain text of one segment: what a row batch weighs. One request may exceed it, alone in its segment. */
  readonly plainBytesMax: number;
  readonly segmentBytes: number;
  /** A segment is sealed this long after its first record. */
  readonly landingIntervalMs: number;
}

interface RequestSize {
  readonly rows: number;
  /** As inflated. */
  readonly bytes: number;
}

interface OpenSegment {
  readonly segment: WalSegment;
  readonly batch: RowBatch;
  /** Records appended, durable or not. */
  recordCount: number;
  bytes: number;
  /** Exists only while records wait: an idle collector does not wake up. */
  timer: NodeJS.Timeout | undefined;
}

function shuttingDown(): LensError {
  return new LensError(
    "ingest.shutting_down",
    "the collector is shutting down; send the request again",
    { retryable: true },
  );
}

function isFull({ batch, bytes }: OpenSegment, limits: SegmentLimits): boolean {
  return (
    batch.rowCount >= limits.rowsFull ||
    batch.plainBytes >= limits.plainBytesMax ||
    bytes >= limits.segmentBytes
  );
}
