import { join } from "node:path";
import type { StoreSettings } from "@lensai/analytics/object-store/open-store";
import { BatchPool } from "./batch-pool.ts";
import { nodeDisk } from "./disk.ts";
import type { Disk } from "./disk.ts";
import { lockFolder } from "./folder-lock.ts";
import type { FolderLock } from "./folder-lock.ts";
import { Lander } from "./lander.ts";
import type { LanderState } from "./lander.ts";
import type { LanderWorkerData } from "./lander-worker.ts";
import { LandingThread } from "./landing-thread.ts";
import { Quarantine } from "./quarantine.ts";
import { surveySegment } from "./replay-segment.ts";
import type { DecodeRecord, ReplayContext } from "./replay-segment.ts";
import { SeenFolder } from "./seen-folder.ts";
import { REQUEST_WINDOW_MS, SPANS_MAX, SeenWindow } from "./seen-window.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { SpanIdentity } from "./span-identity.ts";
import { Wal } from "./wal.ts";
import { WalFolder } from "./wal-folder.ts";

/**
 * Everything between a decoded request and the lake: opens the log below `<data folder>/wal`, takes what an
 * earlier process left, and gives the pipeline a writer. After a crash nothing acknowledged is missing and
 * nothing is there twice.
 */
export async function openLanding(options: LandingOptions): Promise<Landing> {
  const disk = options.disk ?? nodeDisk;
  const path = join(options.dataDir, "wal");
  await disk.makeFolder(path);
  const lock = await lockFolder(path);
  try {
    return await assemble(options, { disk, path, lock });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

export interface LandingOptions {
  readonly dataDir: string;
  readonly lakeUrl: string;
  readonly store: StoreSettings;
  readonly region: string;
  readonly landingIntervalMs: number;
  /** Decodes a record again as ingest did: same rows, without the skipped ordinals. */
  readonly decode: DecodeRecord;
  /** Rows have come into the lake. */
  readonly onLanded?: () => void;
  /** There has been no traffic for a while, and the batches are given up. */
  readonly onQuiet?: () => void;
  readonly limits?: Partial<LandingLimits>;
  readonly disk?: Disk;
  readonly now?: () => number;
  /** Milliseconds that no setting of the clock moves. */
  readonly monotonicNow?: () => number;
  readonly randomWord?: () => number;
  /** Another entry for the landing thread, with its data. */
  readonly thread?: { readonly entry: URL; readonly workerData: unknown };
}

/** segmentBytes <= unlandedBytesMax; groupBytesMax <= queueBytesMax. */
export interface LandingLimits {
  readonly segmentBytes: number;
  /** Bytes of segments that wait for the lake; above it requests are refused. */
  readonly unlandedBytesMax: number;
  /** A segment is sealed with so many rows, for which its batch has room. */
  readonly rowsFull: number;
  /** Rows of one request. With more than `rowsFull` it is alone in its segment. */
  readonly rowsMax: number;
  readonly plainBytesMax: number;
  /** One open, one on its way, one waiting. At least two. */
  readonly batchesMax: number;
  readonly batchBytesMax: number;
  readonly groupBytesMax: number;
  readonly queueBytesMax: number;
}

const MIB = 1024 * 1024;

const LANDING_LIMITS: LandingLimits = {
  segmentBytes: 64 * MIB, // seldom filled: rows or age seal a segment first
  unlandedBytesMax: 2048 * MIB, // minutes of a stalled store at full load
  rowsFull: 12_288, // three batches of 6 MB of columns and as much text; 16,384 rows cost 14 MB more, for no less CPU
  rowsMax: 65_536,
  plainBytesMax: 24 * MIB, // by bytes before rows: long prompts otherwise make batches of hundreds of MB
  batchesMax: 3,
  batchBytesMax: 128 * MIB,
  groupBytesMax: 8 * MIB,
  queueBytesMax: 64 * MIB,
};

export interface Landing {
  readonly writer: SegmentWriter;
  readonly seen: SeenWindow;
  /** Hashes spans for `seen.addSpan` and `WalRecordInput.spanHashes`. */
  readonly spanIdentity: SpanIdentity;
  readonly state: () => LandingState;
  /** Stops accepting, waits for the lake up to a time, ends the thread. True when everything has landed. Safe to call twice. */
  readonly close: (drainTimeoutMs: number) => Promise<boolean>;
}

export interface LandingState extends LanderState {
  /** Why requests are refused at the moment; undefined while they are accepted. */
  readonly refusal: string | undefined;
  /** False for a moment after each roll-over, and for as long as `refusal` says why. */
  readonly nextSegmentIsReady: boolean;
  readonly unlandedBytes: number;
  readonly groupCommits: number;
  readonly damagedRanges: number;
  readonly damagedBytes: number;
  readonly undecodableRecords: number;
  readonly tornTails: number;
  readonly rowDifferences: number;
  /** Files of the seen window that could not be read at start. */
  readonly damagedSeenFiles: number;
}

interface Ground {
  readonly disk: Disk;
  readonly path: string;
  readonly lock: FolderLock;
}

async function assemble(options: LandingOptions, ground: Ground): Promise<Landing> {
  const { disk, path } = ground;
  const { now = Date.now, monotonicNow = runningMs, randomWord = secureRandomWord } = options;
  const limits = { ...LANDING_LIMITS, ...options.limits };
  const quarantineFolder = join(path, "quarantine");
  const quarantine = new Quarantine(disk, quarantineFolder);
  const seen = new SeenWindow();
  const seenFolder = new SeenFolder(disk, join(path, "seen"), {
    requestWindowMs: REQUEST_WINDOW_MS,
    spansMax: SPANS_MAX,
  });
  const folder = await WalFolder.open({
    disk,
    path,
    segmentBytes: limits.segmentBytes,
    randomWord,
  });
  const { damaged } = await seenFolder.load(seen, now());
  const replayContext = { disk, quarantine };
  await surveyLeftovers(folder, { seen, replayContext });

  const wal: Wal = new Wal(folder, { ...limits, onFailure: (refused) => writer.rollBack(refused) });
  const pool = new BatchPool({ ...limits, onLetGo: options.onQuiet });
  const thread = new LandingThread({
    ...(options.thread ?? defaultThread(options)),
    onTrouble: (trouble) => lander.noteTrouble(trouble),
  });
  const { decode } = options;
  const lander: Lander = new Lander({
    wal,
    folder,
    pool,
    thread,
    seenFolder,
    replayContext,
    decode,
    quarantineFolder,
    onLanded: options.onLanded,
    now,
    monotonicNow,
  });
  const segmentLimits = { ...limits, landingIntervalMs: options.landingIntervalMs };
  const writer = new SegmentWriter({ wal, lander, pool, seen, limits: segmentLimits });
  for (const segment of folder.leftovers) lander.land(segment, undefined, Promise.resolve());
  await wal.supply.prepare();
  await folder.stock();
  const spanIdentity = new SpanIdentity(Uint32Array.from(folder.identity.spanSecret));
  const parts = { ...ground, wal, lander, writer, quarantine, damagedSeenFiles: damaged };
  let closing: Promise<boolean> | undefined;
  return {
    writer,
    seen,
    spanIdentity,
    state: () => stateOf(parts),
    close: (drainTimeoutMs) => (closing ??= closeAll(parts, drainTimeoutMs)),
  };
}

interface Parts extends Ground {
  readonly wal: Wal;
  readonly lander: Lander;
  readonly writer: SegmentWriter;
  readonly quarantine: Quarantine;
  readonly damagedSeenFiles: number;
}

/** Before the first request is accepted, so that a retry of what is still in the log is recognised. */
async function surveyLeftovers(
  folder: WalFolder,
  { seen, replayContext }: { seen: SeenWindow; replayContext: ReplayContext },
): Promise<void> {
  for (const segment of folder.leftovers) {
    await surveySegment(segment, replayContext);
    segment.journal?.feed(seen);
    segment.journal = undefined;
  }
}

function stateOf({ wal, lander, writer, quarantine, damagedSeenFiles }: Parts): LandingState {
  const { state } = lander;
  const isShort = !wal.supply.isReady && wal.supply.isBehind;
  return {
    ...state,
    oldestReceivedMs: state.oldestReceivedMs ?? writer.oldestReceivedMs,
    refusal: wal.trouble ?? (isShort ? wal.supply.shortage : undefined),
    nextSegmentIsReady: wal.supply.isReady,
    unlandedBytes: wal.supply.unlandedBytes,
    groupCommits: wal.groupCount,
    damagedRanges: quarantine.damagedRanges,
    damagedBytes: quarantine.damagedBytes,
    undecodableRecords: quarantine.undecodableRecords,
    tornTails: quarantine.tornTails,
    rowDifferences: quarantine.rowDifferences,
    damagedSeenFiles,
  };
}

async function closeAll(parts: Parts, drainTimeoutMs: number): Promise<boolean> {
  await parts.writer.close();
  parts.wal.stop();
  const isDrained = await parts.lander.drain(drainTimeoutMs);
  await parts.wal.close();
  await parts.lock.release();
  return isDrained;
}

function defaultThread({ lakeUrl, store, region }: LandingOptions): {
  entry: URL;
  workerData: LanderWorkerData;
} {
  return {
    entry: new URL("./lander-worker.ts", import.meta.url),
    workerData: { lakeUrl, store, region },
  };
}

const runningMs = (): number => performance.now();

function secureRandomWord(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] as number;
}
