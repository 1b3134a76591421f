import { LensError } from "@lensai/otel-config/errors";
import type { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import type { BatchPool } from "./batch-pool.ts";
import type { LandingThread } from "./landing-thread.ts";
import { replaySegment } from "./replay-segment.ts";
import type { DecodeRecord, ReplayContext } from "./replay-segment.ts";
import { rollbackRows } from "./rollback-rows.ts";
import type { SeenFolder } from "./seen-folder.ts";
import type { LandTrouble } from "./serve-landings.ts";
import type { Wal } from "./wal.ts";
import type { WalFolder } from "./wal-folder.ts";
import type { WalSegment } from "./wal-segment.ts";

/**
 * Takes sealed segments to the lake, oldest first: rows -> lake -> seen journal -> the segment is recycled.
 * Every step can be repeated, so a failure anywhere, a crash included, only means doing it again. While the
 * files of one segment are put away, the rows of the next one land.
 *
 * A segment that waits may give up its batch (`spillNewest`): its rows are decoded again from the log when
 * its turn comes. So memory stays bounded by a few batches and the backlog by the disk.
 */
export class Lander {
  private readonly options: LanderOptions;
  private readonly queue: SealedSegment[] = [];
  private isRunning = false;
  private isStopped = false;
  private whenIdle: (() => void)[] = [];
  /** When the landing began that is under way, on the monotonic clock. */
  private landingSinceMs: number | undefined;
  /** The segment whose rows are in the lake, and whether its last steps succeeded. */
  private finishing: { readonly segment: WalSegment; readonly done: Promise<boolean> } | undefined;
  /** Of rows that do not land, and of files that are not put away. */
  private readonly troubles: { [step in Step]: Trouble | undefined } = {
    land: undefined,
    finish: undefined,
  };
  private lastLandedMs: number | undefined;
  private landedRows = 0;
  private conflicts = 0;

  constructor(options: LanderOptions) {
    this.options = options;
  }

  get state(): LanderState {
    return {
      waitingSegments: this.queue.length + (this.finishing === undefined ? 0 : 1),
      oldestReceivedMs: (this.finishing ?? this.queue[0])?.segment.firstReceivedMs,
      lastLandedMs: this.lastLandedMs,
      landedRows: this.landedRows,
      conflicts: this.conflicts,
      trouble: this.trouble,
    };
  }

  /** Is the store so slow, or away, that waiting for a batch to come back would hold up requests for nothing? */
  get isStalled(): boolean {
    if (this.trouble !== undefined) return true;
    return (
      this.landingSinceMs !== undefined &&
      this.options.monotonicNow() - this.landingSinceMs > STALLED_AFTER_MS
    );
  }

  private get trouble(): Trouble | undefined {
    return this.troubles.land ?? this.troubles.finish;
  }

  /** The thread or a step on this side has met an error; the next success of that step clears it. */
  noteTrouble(trouble: LandTrouble, step: Step = "land"): void {
    this.troubles[step] = { ...trouble, atMs: this.options.now() };
  }

  /**
   * Queues a segment. `settled` resolves when nothing is written to it any more; `batch` holds its rows, or
   * is undefined when they have to be read from the log.
   */
  land(segment: WalSegment, batch: RowBatch | undefined, settled: Promise<void>): void {
    if (batch === undefined) segment.journal = undefined;
    settled.catch(() => undefined); // met by run(), perhaps much later
    this.queue.push({ segment, batch, settled, isTaken: false });
    if (!this.isRunning) void this.run();
  }

  /** The batch of the segment whose turn comes last, emptied; undefined when none waits with a batch. */
  spillNewest(): RowBatch | undefined {
    const sealed = this.queue.findLast((each) => each.batch !== undefined && !each.isTaken);
    const batch = sealed?.batch;
    if (sealed === undefined || batch === undefined) return undefined;
    sealed.batch = undefined;
    sealed.segment.journal = undefined;
    batch.reset();
    return batch;
  }

  /** Forgets the rows of waiting segments that did not become durable. */
  rollBack(): void {
    for (const { segment, batch, isTaken } of this.queue) {
      if (batch !== undefined && !isTaken) rollbackRows(batch, segment.rowCount);
    }
  }

  /** True when everything landed in time; what did not stays in the log for the next start. */
  async drain(timeoutMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const isDrained = await Promise.race([
      this.idle().then(() => true),
      new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), timeoutMs);
      }),
    ]);
    clearTimeout(timer);
    this.isStopped = true;
    await this.options.thread.stop();
    await this.idle();
    return isDrained;
  }

  private async idle(): Promise<void> {
    if (this.isRunning) {
      await new Promise<void>((resolve) => {
        this.whenIdle.push(resolve);
      });
    }
    await this.finishing?.done;
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    for (let sealed = this.queue[0]; sealed !== undefined; sealed = this.queue[0]) {
      if (!(await isSound(sealed)) || !(await this.landAtLast(sealed))) break;
      if ((await this.finishing?.done) === false) break;
      this.queue.shift();
      this.finish(sealed);
    }
    this.isRunning = false;
    for (const resolve of this.whenIdle.splice(0)) resolve();
  }

  private async landAtLast(sealed: SealedSegment): Promise<boolean> {
    sealed.isTaken = true;
    this.landingSinceMs = this.options.monotonicNow();
    const isEmpty = sealed.segment.recordCount === 0;
    const isLanded = isEmpty || (await this.succeed("land", () => this.landRows(sealed)));
    this.landingSinceMs = undefined;
    return isLanded;
  }

  /** Only begins: the next segment does not wait for it, the one after that does. */
  private finish(sealed: SealedSegment): void {
    const { segment } = sealed;
    const steps = async (): Promise<boolean> => {
      const isFinished = await this.succeed("finish", () => this.putAway(sealed));
      if (isFinished) this.finishing = undefined;
      return isFinished;
    };
    this.finishing = { segment, done: steps() };
  }

  /** Tries until it has succeeded; false when the lander was stopped before. */
  private async succeed(step: Step, attempt: () => Promise<void>): Promise<boolean> {
    for (let failures = 0; !this.isStopped; failures += 1) {
      try {
        await attempt();
        this.troubles[step] = undefined;
        return true;
      } catch (error) {
        if (this.isStopped) break;
        this.noteTrouble(toTrouble(error), step);
        await this.pause(failures);
      }
    }
    return false;
  }

  private async putAway({ segment, batch, hasConflict }: SealedSegment): Promise<void> {
    const { seenFolder, wal, pool, now, quarantineFolder } = this.options;
    const hasLanded = segment.recordCount > 0;
    if (hasLanded && segment.journal !== undefined) {
      await seenFolder.save(segment.name, segment.journal, now());
    }
    if (hasConflict) await wal.supply.setAside(segment, quarantineFolder);
    else await wal.supply.recycle(segment);
    if (hasLanded) this.lastLandedMs = now();
    else if (batch !== undefined) pool.give(batch);
  }

  private async landRows(sealed: SealedSegment): Promise<void> {
    const { segment } = sealed;
    const { thread, pool, folder, now } = this.options;
    const batch = sealed.batch ?? (await this.replay(segment));
    sealed.batch = batch; // kept until it has landed: a thread that dies only read it
    const expected = batch.rowCount;
    const landedAtMs = segment.firstReceivedMs ?? now();
    const rowCount = await thread.land(folder.landingName(segment), landedAtMs, batch);
    sealed.batch = undefined;
    pool.give(batch);
    this.landedRows += expected;
    // The name held other rows: a log restored from a copy, say. The bytes are kept for a person.
    sealed.hasConflict = rowCount !== expected;
    if (sealed.hasConflict) this.conflicts += 1;
    this.options.onLanded?.();
  }

  private async replay(segment: WalSegment): Promise<RowBatch> {
    const { pool, replayContext, decode } = this.options;
    const batch = this.batchFor(segment);
    try {
      await replaySegment(segment, batch, { ...replayContext, decode });
      return batch;
    } catch (error) {
      pool.give(batch);
      throw error;
    }
  }

  private batchFor(segment: WalSegment): RowBatch {
    const { pool } = this.options;
    const batch = pool.take() ?? this.spillNewest();
    if (batch === undefined) throw new Error("every row batch is in use");
    batch.reserveRows(segment.rowCount);
    return batch;
  }

  private async pause(failures: number): Promise<void> {
    const pauseMs = Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10));
    await new Promise((resolve) => {
      setTimeout(resolve, pauseMs).unref();
    });
  }
}

export interface LanderOptions {
  readonly wal: Wal;
  readonly folder: WalFolder;
  readonly pool: BatchPool;
  readonly thread: LandingThread;
  readonly seenFolder: SeenFolder;
  readonly replayContext: ReplayContext;
  readonly decode: DecodeRecord;
  readonly quarantineFolder: string;
  readonly onLanded: (() => void) | undefined;
  readonly now: () => number;
  /** Milliseconds that no setting of the clock moves: for how long something takes. */
  readonly monotonicNow: () => number;
}

export interface LanderState {
  /** Segments whose rows are not in the lake yet, the open one aside. */
  readonly waitingSegments: number;
  /** When the first record of the oldest of them arrived. */
  readonly oldestReceivedMs: number | undefined;
  readonly lastLandedMs: number | undefined;
  /** Rows landed by this process. */
  readonly landedRows: number;
  /** Segments set aside because the lake holds other rows under their name. */
  readonly conflicts: number;
  /** Why landing does not succeed at the moment; undefined while it does. */
  readonly trouble: Trouble | undefined;
}

type Step = "land" | "finish";
type Trouble = LandTrouble & { readonly atMs: number };

interface SealedSegment {
  readonly segment: WalSegment;
  batch: RowBatch | undefined;
  readonly settled: Promise<void>;
  /** It is being landed: its batch is not to be touched from elsewhere. */
  isTaken: boolean;
  /** The lake holds other rows under its name. */
  hasConflict?: boolean;
}

/** False when the log ended before the segment's last writes were either durable or undone. */
async function isSound({ settled }: SealedSegment): Promise<boolean> {
  try {
    await settled;
    return true;
  } catch {
    return false;
  }
}

const FIRST_PAUSE_MS = 100;
const PAUSE_MS_MAX = 5000;

/** A full segment takes a fraction of a second. Well below the deadline of OTLP clients (10 s), who wait so long. */
const STALLED_AFTER_MS = 2000;

function toTrouble(error: unknown): LandTrouble {
  if (error instanceof LensError) {
    return { code: error.code, message: error.message, retryable: error.retryable };
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: "internal",
    message: cause === "" ? message : `${message}: ${cause}`,
    retryable: true,
  };
}
