import { createHash } from "node:crypto";
import { closeSync, lstatSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { readFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseLeaseRequest } from "@lensai/otel-config/control/leases";
import type { LeaseRequest } from "@lensai/otel-config/control/leases";

/** Where the processes of one user on one machine find what those before them have left. */
export interface JournalPlace {
  /** Made when it is not there. */
  readonly folder: string;
  /** Of the ledger that the leases are of, and the key that it is asked with: others are told by others. */
  readonly audience: string;
}

/** What is in the file of a process. */
interface Journal {
  readonly pid: number;
  readonly audience: string;
  /** How often it was written: the newer of two is right. */
  readonly count: number;
  /** What the ledger is to be told if nothing is heard of the process any more. */
  readonly lastWord: LeaseRequest;
}

/** What happens in so short a time is written together: what a killed process did in it, nobody knows. */
const WRITE_INTERVAL_MS = 10;
/** A process that lives writes with every renewal of its leases. */
const SILENT_MIN_MS = 10_000;
/** Nobody has asked for it since: its key was changed, or its application is not there any more. */
const KEPT_MAX_MS = 86_400_000;
const SUFFIX = ".json";
const OWN_MODE = 0o700;
const OWN_FILE_MODE = 0o600;
const OTHERS_MODE = 0o077;
/** Of each of two places in the file that are written in turn: one of them is whole whenever the process is killed. */
const PLACE_BYTES = 256 * 1024;

/**
 * What a process has spent of its leases, in a file: the page cache outlives a process that is killed, and another one
 * on the machine says its last word for it. A write is a copy into that cache, which takes a microsecond; no call
 * waits for it, and what cannot be written is let be.
 */
export class LeaseJournal {
  readonly #place: JournalPlace;
  readonly #path: string;
  readonly #lastWord: () => LeaseRequest;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #writtenAtMs = -Infinity;
  #file: number | undefined;
  #count = 0;
  #isUsable = true;

  constructor(place: JournalPlace, instanceId: string, lastWord: () => LeaseRequest) {
    this.#place = place;
    this.#path = join(place.folder, `${instanceId}${SUFFIX}`);
    this.#lastWord = lastWord;
  }

  /** Something was spent. */
  wake(): void {
    if (this.#timer !== undefined || !this.#isUsable) return;
    const inMs = this.#writtenAtMs + WRITE_INTERVAL_MS - performance.now();
    this.#timer =
      inMs <= 0 ? setImmediate(() => this.write()) : setTimeout(() => this.write(), inMs);
    this.#timer.unref();
  }

  /** At once, and in any case: who could not write tries again with the next renewal. */
  write(): void {
    this.#clearTimer();
    this.#writtenAtMs = performance.now();
    const lastWord = this.#lastWord();
    if (lastWord.leases.length === 0) {
      this.remove();
      return;
    }
    try {
      this.#file ??= this.#open();
      this.#count += 1;
      const bytes = bytesOf({
        pid: process.pid,
        audience: this.#place.audience,
        count: this.#count,
        lastWord,
      });
      this.#isUsable = bytes.length <= PLACE_BYTES;
      if (this.#isUsable) writeSync(this.#file, bytes, 0, bytes.length, placeOf(this.#count));
    } catch {
      this.#isUsable = false;
    }
  }

  /** The ledger knows everything. */
  remove(): void {
    this.#clearTimer();
    if (this.#file === undefined) return;
    try {
      closeSync(this.#file);
      rmSync(this.#path, { force: true });
    } catch {
      // Whoever finds it tells the ledger what it knows already.
    }
    this.#file = undefined;
  }

  #open(): number {
    openFolder(this.#place.folder);
    return openSync(this.#path, "wx", OWN_FILE_MODE);
  }

  #clearTimer(): void {
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
    this.#timer = undefined;
  }
}

const placeOf = (count: number): number => (count % 2) * PLACE_BYTES;

/** A line: what was not written to its end has another sum. */
function bytesOf(journal: Journal): Buffer {
  const json = JSON.stringify(journal);
  return Buffer.from(`${sumOf(json)} ${json}\n`);
}

/** Throws where neither place is whole. */
function journalIn(bytes: Buffer): Journal {
  const [newest] = [0, PLACE_BYTES]
    .map((at) => journalAt(bytes, at))
    .filter((journal) => journal !== undefined)
    .toSorted((one, other) => other.count - one.count);
  if (newest === undefined) throw new Error("nothing whole is in the file");
  return newest;
}

function journalAt(bytes: Buffer, at: number): Journal | undefined {
  const line = bytes.subarray(at, bytes.indexOf("\n", at)).toString("utf8");
  const [sum, json] = [line.slice(0, SUM_CHARACTERS), line.slice(SUM_CHARACTERS + 1)];
  return sum === sumOf(json) ? (JSON.parse(json) as Journal) : undefined;
}

const SUM_CHARACTERS = 16;

function sumOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, SUM_CHARACTERS);
}

/** What processes have left that are dead, as one process sees it that looks now and then. */
export class LeftJournals {
  readonly #place: JournalPlace;
  /** By the clock of timers, since when a file is what it is: clocks of files and of processes differ. */
  readonly #unchanged = new Map<string, { readonly changedMs: number; readonly sinceMs: number }>();

  constructor(place: JournalPlace) {
    this.#place = place;
  }

  /** Never rejects. */
  async find(ownInstanceId: string, nowMs: number): Promise<LeaseRequest[]> {
    const names = await namesIn(this.#place.folder).catch(() => []);
    const others = names.filter(
      (name) => name.endsWith(SUFFIX) && name !== `${ownInstanceId}${SUFFIX}`,
    );
    for (const name of this.#unchanged.keys()) {
      if (!others.includes(name)) this.#unchanged.delete(name);
    }
    const found = await Promise.all(others.map((name) => this.#lastWordIn(name, nowMs)));
    return found.filter((lastWord) => lastWord !== undefined);
  }

  /** The ledger was told. */
  async remove({ instanceId }: LeaseRequest): Promise<void> {
    await rm(join(this.#place.folder, `${instanceId}${SUFFIX}`), { force: true });
  }

  async #lastWordIn(name: string, nowMs: number): Promise<LeaseRequest | undefined> {
    try {
      const path = join(this.#place.folder, name);
      const { mtimeMs: changedMs } = await stat(path);
      const known = this.#unchanged.get(name);
      if (known?.changedMs !== changedMs) this.#unchanged.set(name, { changedMs, sinceMs: nowMs });
      if (known?.changedMs !== changedMs || nowMs - known.sinceMs < SILENT_MIN_MS) return undefined;
      if (Date.now() - changedMs > KEPT_MAX_MS) await rm(path, { force: true });
      const { pid, audience, lastWord } = journalIn(await readFile(path));
      if (audience !== this.#place.audience || isRunning(pid)) return undefined;
      return parseLeaseRequest(lastWord);
    } catch {
      // Another one has told it, or nobody can read it.
      return undefined;
    }
  }
}

function openFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: OWN_MODE });
  checkFolder(folder);
}

async function namesIn(folder: string): Promise<string[]> {
  checkFolder(folder);
  return readdir(folder);
}

/** Throws where others could read or change what is in it. */
function checkFolder(folder: string): void {
  const { mode, uid } = lstatSync(folder);
  const isOwn = process.getuid === undefined || uid === process.getuid();
  const isPrivate = process.platform === "win32" || (mode & OTHERS_MODE) === 0;
  if (!isOwn || !isPrivate) throw new Error(`${folder} is not this user's alone`);
}

/** Signal 0 asks without sending any. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
