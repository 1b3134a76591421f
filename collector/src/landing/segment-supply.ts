import { diskReason } from "./storage-behind.ts";
import type { WalFolder } from "./wal-folder.ts";
import type { WalSegment } from "./wal-segment.ts";

/**
 * Has the next segment ready before it is needed, because rolling over happens between two requests and
 * cannot wait. Does not exceed a number of bytes that have not landed: behind it there is no next segment.
 */
export class SegmentSupply {
  private readonly folder: WalFolder;
  private readonly options: SegmentSupplyOptions;
  private ready: WalSegment | undefined;
  private preparing: Promise<void> | undefined;
  private readonly unlanded = new Set<WalSegment>();
  private lastError: unknown;
  private failures = 0;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(folder: WalFolder, options: SegmentSupplyOptions) {
    this.folder = folder;
    this.options = options;
    for (const segment of folder.leftovers) this.unlanded.add(segment);
  }

  /** Bytes on disk that wait for the lake. */
  get unlandedBytes(): number {
    let total = 0;
    for (const segment of this.unlanded) total += Math.max(segment.tail, this.options.segmentBytes);
    return total;
  }

  get isReady(): boolean {
    return this.ready !== undefined;
  }

  /** True when there will be no next segment until something changes. */
  get isBehind(): boolean {
    return this.isFull || this.lastError !== undefined;
  }

  /** Why there is no next segment. */
  get shortage(): string {
    if (this.isFull) {
      return `${this.unlandedBytes} bytes wait for the lake, the most that may (LENSAI_WAL_BYTES_MAX)`;
    }
    if (this.lastError !== undefined) return diskReason(this.lastError);
    return "the next WAL segment is being prepared";
  }

  /** Makes sure that a segment is ready or being made. Resolves after the attempt; never rejects. */
  async prepare(): Promise<void> {
    if (this.ready !== undefined || this.isFull || this.isClosed) return;
    this.preparing ??= this.create();
    await this.preparing;
  }

  take(): WalSegment | undefined {
    const segment = this.ready;
    if (segment === undefined) return undefined;
    this.ready = undefined;
    this.unlanded.add(segment);
    void this.prepare();
    return segment;
  }

  /** Ends a segment's use and makes room for another one. */
  async recycle(segment: WalSegment): Promise<void> {
    await this.folder.recycle(segment);
    this.unlanded.delete(segment);
    void this.prepare();
  }

  /** Ends a segment's use without giving up its bytes: they move to `folder`. */
  async setAside(segment: WalSegment, folder: string): Promise<void> {
    await this.folder.setAside(segment, folder);
    this.unlanded.delete(segment);
    void this.prepare();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.preparing;
    const unused = this.ready;
    this.ready = undefined;
    if (unused !== undefined) await this.folder.recycle(unused);
    for (const segment of this.unlanded) {
      await segment.file?.close();
      segment.file = undefined;
    }
  }

  private get isFull(): boolean {
    // One open segment is always allowed, or a limit below the segment size would accept nothing at all.
    const { segmentBytes, unlandedBytesMax } = this.options;
    return this.unlanded.size > 0 && this.unlandedBytes + segmentBytes > unlandedBytesMax;
  }

  private async create(): Promise<void> {
    try {
      this.ready = await this.folder.createSegment();
      this.lastError = undefined;
      this.failures = 0;
    } catch (error) {
      this.lastError = error;
      this.retryLater();
    }
    this.preparing = undefined;
  }

  private retryLater(): void {
    if (this.isClosed) return;
    const pauseMs = Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** Math.min(this.failures, 10));
    this.failures += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.prepare(), pauseMs).unref();
  }
}

export interface SegmentSupplyOptions {
  readonly segmentBytes: number;
  readonly unlandedBytesMax: number;
}

const FIRST_PAUSE_MS = 100;
const PAUSE_MS_MAX = 5000;
