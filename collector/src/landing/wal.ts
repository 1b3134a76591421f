import { HeadArena } from "./head-arena.ts";
import type { Head } from "./head-arena.ts";
import { SegmentSupply } from "./segment-supply.ts";
import { diskReason, storageBehind } from "./storage-behind.ts";
import type { WalFolder } from "./wal-folder.ts";
import { encodeHead, headBytes, seenOf } from "./wal-record.ts";
import type { WalRecord, WalRecordInput } from "./wal-record.ts";
import type { WalSegment } from "./wal-segment.ts";

/**
 * The write-ahead log: records become durable in the order of `append`, in groups. A group is what was
 * queued while the last one was being written (no timer), so a lone record waits for one durable write only.
 *
 * The log is always a prefix of what was appended: when a write fails, that group and everything queued
 * behind it fail together, the file is cut back to its last durable record, and until that has succeeded
 * nothing else is accepted.
 */
export class Wal {
  readonly supply: SegmentSupply;
  private readonly options: WalOptions;
  private readonly heads = new HeadArena();
  private queue: PendingWrite[] = [];
  private queuedBytes = 0;
  private isPumping = false;
  private healing: { error: unknown; done: Promise<void> } | undefined;
  private isStopped = false;
  private groups = 0;

  constructor(folder: WalFolder, options: WalOptions) {
    this.options = options;
    this.supply = new SegmentSupply(folder, options);
  }

  /** Group commits so far. */
  get groupCount(): number {
    return this.groups;
  }

  /** Why nothing can be appended; undefined when something can. */
  get trouble(): string | undefined {
    if (this.healing !== undefined) return diskReason(this.healing.error);
    if (this.queuedBytes <= this.options.queueBytesMax) return undefined;
    return `${this.queuedBytes} bytes wait for the disk`;
  }

  /**
   * Resolves when the record is durable. Rejects with `ingest.storage_behind` (retryable) when it was not
   * written; then it will never be read back, and `onFailure` has been called before.
   */
  append(segment: WalSegment, record: WalRecordInput): Promise<void> {
    if (this.healing !== undefined) {
      return Promise.reject(storageBehind(diskReason(this.healing.error), this.healing.error));
    }
    const head = this.heads.take(headBytes(record));
    encodeHead(head.bytes, record, segment);
    return this.enqueue({
      segment,
      head,
      payload: record.payload,
      rowCount: record.rowCount,
      sizeBytes: head.bytes.length + record.payload.length,
    });
  }

  /** Resolves when everything appended before is durable; rejects when some of it was not written. */
  async barrier(): Promise<void> {
    if (this.queue.length === 0 && !this.isPumping) return;
    await this.enqueue({ rowCount: 0, sizeBytes: 0 });
  }

  /**
   * Resolves when everything appended before has settled one way or the other and the log is sound. Rejects
   * when the log is closed before it could be repaired: then what it holds is for the next start.
   */
  async settled(): Promise<void> {
    try {
      await this.barrier();
    } catch {
      // The records were refused and their senders told; what remains is to wait for the repair.
    }
    await this.healing?.done;
    if (this.healing !== undefined) throw storageBehind(diskReason(this.healing.error));
  }

  /** Gives up a repair that has not succeeded. Nothing may be appended afterwards. */
  stop(): void {
    this.isStopped = true;
  }

  async close(): Promise<void> {
    this.stop();
    await this.healing?.done;
    await this.supply.close();
  }

  private enqueue(write: Unsettled): Promise<void> {
    return new Promise((resolve, reject) => {
      this.queue.push({ ...write, resolve, reject });
      this.queuedBytes += write.sizeBytes;
      if (!this.isPumping) void this.pump();
    });
  }

  private async pump(): Promise<void> {
    this.isPumping = true;
    while (this.queue.length > 0) {
      const group = takeGroup(this.queue, this.options.groupBytesMax);
      try {
        await commit(group);
        this.accept(group);
      } catch (error) {
        this.refuse(group, error);
      }
    }
    this.isPumping = false;
  }

  private accept(group: readonly PendingWrite[]): void {
    this.groups += 1;
    for (const write of group) {
      const { segment, head } = write;
      this.queuedBytes -= write.sizeBytes;
      if (segment !== undefined && head !== undefined) {
        const seen = seenOf(head.bytes);
        segment.count({ rowCount: write.rowCount, receivedAtMs: seen.receivedAtMs });
        segment.journal?.add(seen);
        this.heads.release(head);
      }
      write.resolve();
    }
  }

  private refuse(group: readonly PendingWrite[], error: unknown): void {
    const failed = [...group, ...this.queue];
    this.queue = [];
    this.queuedBytes = 0;
    const segment = group.find((write) => write.segment !== undefined)?.segment;
    if (segment !== undefined) this.healing = { error, done: this.heal(segment) };
    const heads = failed.flatMap(({ head }) => head ?? []);
    this.options.onFailure(heads.map((head) => seenOf(head.bytes)));
    const answer = storageBehind(diskReason(error), error);
    for (const write of failed) write.reject(answer);
    for (const head of heads) this.heads.release(head);
  }

  /**
   * Cuts the segment behind its last durable record: what a failed write left there must never be read as a
   * record. A process that ends before this has succeeded may replay records that were refused; nobody can
   * have sent them again, because nothing is accepted meanwhile.
   */
  private async heal(segment: WalSegment): Promise<void> {
    for (let attempt = 0; !this.isStopped; attempt += 1) {
      try {
        await segment.file?.truncate(segment.tail);
        await segment.file?.sync();
        this.healing = undefined;
        return;
      } catch (error) {
        if (this.healing !== undefined) this.healing.error = error;
        await pause(attempt);
      }
    }
  }
}

export interface WalOptions {
  /** A group commit takes no more than this at once: more waiting bytes only make every one of them late. */
  readonly groupBytesMax: number;
  /** Bytes waiting for the disk; above it `trouble` says so. */
  readonly queueBytesMax: number;
  readonly segmentBytes: number;
  /** Bytes of segments whose rows are not in the lake yet. */
  readonly unlandedBytesMax: number;
  /** Called at once when records were refused, before their promises reject, with what they had added. */
  readonly onFailure: (refused: readonly Pick<WalRecord, "batchId" | "spanHashes">[]) => void;
}

interface Unsettled {
  /** Undefined for a barrier. */
  readonly segment?: WalSegment;
  readonly head?: Head;
  readonly payload?: Uint8Array;
  readonly rowCount: number;
  readonly sizeBytes: number;
}

interface PendingWrite extends Unsettled {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const FIRST_PAUSE_MS = 100;
const PAUSE_MS_MAX = 5000;

/** Removes the next writes of one segment from the queue, up to a number of bytes but at least one. */
function takeGroup(queue: PendingWrite[], bytesMax: number): PendingWrite[] {
  let bytes = 0;
  let count = 0;
  let segment: WalSegment | undefined;
  for (const write of queue) {
    const isOther =
      segment !== undefined && write.segment !== undefined && write.segment !== segment;
    if (isOther || (bytes > 0 && bytes + write.sizeBytes > bytesMax)) break;
    segment ??= write.segment;
    bytes += write.sizeBytes;
    count += 1;
  }
  return queue.splice(0, count);
}

async function commit(group: readonly PendingWrite[]): Promise<void> {
  const segment = group.find((write) => write.segment !== undefined)?.segment;
  if (segment?.file === undefined) return;
  const { file } = segment;
  let buffers: Uint8Array[] = [];
  for (const { head, payload } of group) {
    if (head !== undefined) buffers.push(head.bytes);
    if (payload !== undefined && payload.length > 0) buffers.push(payload);
  }
  let end = segment.tail;
  while (buffers.length > 0) {
    const written = await file.writev(buffers, end);
    end += written;
    buffers = unwritten(buffers, written);
  }
  segment.tail = end;
}

/** What is left of `buffers` after a write that took only their first bytes. */
function unwritten(buffers: Uint8Array[], written: number): Uint8Array[] {
  let left = written;
  const first = buffers.findIndex((buffer) => {
    if (buffer.length > left) return true;
    left -= buffer.length;
    return false;
  });
  if (first === -1) return [];
  return [(buffers[first] as Uint8Array).subarray(left), ...buffers.slice(first + 1)];
}

async function pause(attempt: number): Promise<void> {
  const pauseMs = Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10));
  await new Promise((resolve) => {
    setTimeout(resolve, pauseMs).unref();
  });
}
