import { basename, join } from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { isAbsent } from "./disk.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { WalSegment, segmentName } from "./wal-segment.ts";

/**
 * The files of the write-ahead log: `<number>-<salt>.wal` holds a segment, `<number>.free` waits to be used
 * again, `instance.json` names the log. Numbers only grow, because landing names are made of them.
 */
export class WalFolder {
  readonly path: string;
  readonly identity: WalIdentity;
  /** Segments that an earlier process left, oldest first. */
  readonly leftovers: readonly WalSegment[];
  private readonly options: WalFolderOptions;
  private readonly free: string[];
  private nextNumber: number;
  private numbersReserved: number;

  private constructor(options: WalFolderOptions, found: FolderContents) {
    this.options = options;
    this.path = options.path;
    this.identity = found.identity;
    this.leftovers = found.segments;
    this.free = found.free;
    this.nextNumber = Math.max(found.lastNumber, found.identity.numbersReserved) + 1;
    this.numbersReserved = found.identity.numbersReserved;
  }

  static async open(options: WalFolderOptions): Promise<WalFolder> {
    const { disk, path } = options;
    await disk.makeFolder(path);
    const names = (await disk.list(path)).toSorted();
    const segments = names.flatMap((name) => parseSegment(name, path) ?? []);
    const free = names.filter((name) => FREE_NAME.test(name));
    const numbers = [
      ...segments.map(({ number }) => number),
      ...free.map((name) => parseInt(name, 10)),
    ];
    const identity = await readIdentity(options, numbers.length > 0);
    return new WalFolder(options, {
      identity,
      segments,
      free: free.map((name) => join(path, name)),
      lastNumber: Math.max(0, ...numbers),
    });
  }

  /** The name under which the rows of a segment land: the same in every attempt, used once ever. */
  landingName(segment: WalSegment): string {
    return `${this.identity.instanceId}-${segment.name}`;
  }

  /** A file of zeros (or of an earlier use) under a name of its own, durable and open for durable writes. */
  async createSegment(): Promise<WalSegment> {
    const { disk, randomWord } = this.options;
    const number = await this.takeNumber();
    const identity = { number, saltLow: randomWord(), saltHigh: randomWord() };
    const salt = hexWord(identity.saltHigh) + hexWord(identity.saltLow);
    const path = join(this.path, `${segmentName(number)}-${salt}${SEGMENT_SUFFIX}`);
    const reused = this.free.shift();
    if (reused === undefined) await this.preallocate(path);
    else {
      await disk.rename(reused, path);
      await disk.syncFolder(this.path);
    }
    return new WalSegment(identity, path, await disk.open(path, "durable"));
  }

  /**
   * Makes free files ahead of the first requests: until the first segment has landed and comes back, a busy
   * start would wait for zeros to reach the disk. Never rejects: a full disk shows when a segment is needed.
   */
  async stock(): Promise<void> {
    try {
      while (this.free.length < FREE_FILES_STOCKED) {
        const number = await this.takeNumber();
        const path = join(this.path, segmentName(number) + FREE_SUFFIX);
        await this.preallocate(path);
        this.free.push(path);
      }
    } catch {
      // No room for files that are only convenient.
    }
  }

  /** Ends a segment's use. The caller has made sure that nothing in it is needed any more. */
  async recycle(segment: WalSegment): Promise<void> {
    const { disk, segmentBytes } = this.options;
    const file = segment.file ?? (await disk.open(segment.path, "existing"));
    const isWhole = (await file.size()) === segmentBytes;
    await file.close();
    segment.file = undefined;
    if (!isWhole || this.free.length >= FREE_FILES_MAX) {
      await disk.remove(segment.path);
      return;
    }
    const path = join(this.path, segment.name + FREE_SUFFIX);
    await disk.rename(segment.path, path);
    this.free.push(path);
  }

  /** Moves a segment out of the log, as it is, for a person to look at. */
  async setAside(segment: WalSegment, folder: string): Promise<void> {
    const { disk } = this.options;
    await segment.file?.close();
    segment.file = undefined;
    await disk.makeFolder(folder);
    await disk.rename(segment.path, join(folder, basename(segment.path)));
    await disk.syncFolder(folder);
  }

  /**
   * Numbers are reserved in blocks before they are used, so that none is used twice even when every segment
   * file is gone: its rows would be taken for those that landed under the same name before.
   */
  private async takeNumber(): Promise<number> {
    const number = this.nextNumber;
    if (number > this.numbersReserved) {
      const numbersReserved = number + NUMBERS_PER_RESERVATION;
      await writeIdentity(this.options, { ...this.identity, numbersReserved });
      this.numbersReserved = numbersReserved;
    }
    this.nextNumber += 1;
    return number;
  }

  /** Writing into existing zeros costs no size change, which makes a durable write two to eight times faster. */
  private async preallocate(path: string): Promise<void> {
    const { disk, segmentBytes } = this.options;
    const file = await disk.open(path, "create");
    try {
      await fillWithZeros(file, segmentBytes).finally(() => file.close());
      await disk.syncFolder(this.path);
    } catch (error) {
      await disk.remove(path);
      throw error;
    }
  }
}

async function fillWithZeros(file: DiskFile, sizeBytes: number): Promise<void> {
  const zeros = Buffer.alloc(Math.min(ZERO_BYTES, sizeBytes));
  let at = 0;
  while (at < sizeBytes) at += await file.writev([zeros.subarray(0, sizeBytes - at)], at);
  await file.sync();
}

export interface WalFolderOptions {
  readonly disk: Disk;
  readonly path: string;
  readonly segmentBytes: number;
  /** A random unsigned 32-bit integer. */
  readonly randomWord: () => number;
}

export interface WalIdentity {
  /** Part of every landing name of this log; random, made with the log. */
  readonly instanceId: string;
  /** Secret of the span identity hash: two unsigned 32-bit words. */
  readonly spanSecret: readonly [number, number];
  /** Segment numbers up to this one may have been used. */
  readonly numbersReserved: number;
}

interface FolderContents {
  readonly identity: WalIdentity;
  readonly segments: WalSegment[];
  readonly free: string[];
  readonly lastNumber: number;
}

const IDENTITY_NAME = "instance.json";
const SEGMENT_SUFFIX = ".wal";
const FREE_SUFFIX = ".free";
const SEGMENT_NAME = /^(\d{10})-([0-9a-f]{8})([0-9a-f]{8})\.wal$/;
const FREE_NAME = /^\d{10}\.free$/;
/** Kept for reuse; more only exist after a backlog. */
const FREE_FILES_MAX = 3;
/** Enough for the first seconds at full load: by then landed segments return. */
const FREE_FILES_STOCKED = 2;
const ZERO_BYTES = 1024 * 1024;
/** One small file is written per so many segments; a restart skips what is left of them. */
const NUMBERS_PER_RESERVATION = 1000;

function hexWord(word: number): string {
  return word.toString(16).padStart(8, "0");
}

function parseSegment(name: string, folder: string): WalSegment | undefined {
  const match = SEGMENT_NAME.exec(name);
  if (match === null) return undefined;
  const [, number, high, low] = match as unknown as [string, string, string, string];
  const identity = {
    number: parseInt(number, 10),
    saltLow: parseInt(low, 16),
    saltHigh: parseInt(high, 16),
  };
  return new WalSegment(identity, join(folder, name));
}

async function readIdentity(options: WalFolderOptions, hasFiles: boolean): Promise<WalIdentity> {
  const { disk, path, randomWord } = options;
  const stored = await readIdentityFile(disk, join(path, IDENTITY_NAME));
  if (stored !== undefined) return stored;
  if (hasFiles) {
    throw new LensError(
      "config.invalid",
      `${join(path, IDENTITY_NAME)} is missing or damaged, so the segments beside it cannot land under their names; restore it, or move the *.wal and *.free files away`,
    );
  }
  const identity: WalIdentity = {
    instanceId: hexWord(randomWord()) + hexWord(randomWord()),
    spanSecret: [randomWord(), randomWord()],
    numbersReserved: 0,
  };
  await writeIdentity(options, identity);
  return identity;
}

async function writeIdentity(options: WalFolderOptions, identity: WalIdentity): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(identity)}\n`);
  await options.disk.write(join(options.path, IDENTITY_NAME), bytes);
}

async function readIdentityFile(disk: Disk, file: string): Promise<WalIdentity | undefined> {
  try {
    const value = JSON.parse((await disk.read(file)).toString()) as Partial<WalIdentity> | null;
    const { instanceId, spanSecret, numbersReserved } = value ?? {};
    const isWhole =
      typeof instanceId === "string" &&
      Array.isArray(spanSecret) &&
      typeof numbersReserved === "number";
    if (!isWhole) return undefined;
    return { instanceId, spanSecret, numbersReserved };
  } catch (error) {
    if (isAbsent(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
