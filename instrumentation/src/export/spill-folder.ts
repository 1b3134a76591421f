import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, readdir, rename, unlink, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Batch } from "./delivery-queue.ts";
import {
  claimedName,
  isFree,
  isLeftBehind,
  nameOf,
  oldestFirst,
  readName,
  unfinishedName,
} from "./spill-name.ts";
import type { SpillFacts, SpillName } from "./spill-name.ts";

export interface SpillFolderOptions {
  readonly folder: string;
  /** All files of the folder together, those of other processes too. */
  readonly bytesMax: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** A batch from the folder. It is there until it is removed. */
export interface SpilledBatch {
  readonly batch: Batch;
  /** Did this process put it there? */
  readonly isOwn: boolean;
  /** It is delivered, or nobody wants it. */
  remove(): Promise<void>;
  /** It is for the next one who asks. */
  release(): Promise<void>;
}

const DIGEST_BYTES = 32;
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const GZIP_MAGIC = 0x1f;

/**
 * A folder of batches that wait for a collector longer than a process lives, as they would be sent. Several
 * processes may share it: who sends a file has renamed it, and who dies with that leaves it to the next one after
 * some minutes. A file whose digest is wrong was not written to its end.
 */
export class SpillFolder {
  readonly #options: SpillFolderOptions;
  readonly #own = new Set<string>();
  #lostSpans = 0;

  constructor(options: SpillFolderOptions) {
    this.#options = options;
  }

  /** Spans of this process that it had to remove since the last time somebody asked. */
  takeLostSpans(): number {
    const lostSpans = this.#lostSpans;
    this.#lostSpans = 0;
    return lostSpans;
  }

  /** Makes room by removing the oldest. Rejects when it cannot be written. */
  async keep({ bytes, spanCount }: Batch): Promise<void> {
    const { folder, bytesMax, now } = this.#options;
    // Every time: a folder that could not be made may be possible now, and one that was there may be gone.
    await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
    const digest = createHash("sha256").update(bytes).digest();
    const content = Buffer.concat([digest, bytes]);
    if (content.length > bytesMax) throw new Error("the batch is larger than the folder may be");
    const facts = { createdMs: now(), spanCount, byteCount: content.length, id: randomUUID() };
    await this.#makeRoom(content.length);
    await this.#write(facts, content);
    this.#own.add(facts.id);
  }

  /** Leaves nothing of what does not fit on the disk. */
  async #write(facts: SpillFacts, content: Uint8Array): Promise<void> {
    const { folder } = this.#options;
    const unfinished = path.join(folder, unfinishedName(facts));
    try {
      await writeFile(unfinished, content, { mode: PRIVATE_FILE, flag: "wx" });
      await rename(unfinished, path.join(folder, nameOf(facts)));
    } catch (error) {
      await ignoringMissing(unlink(unfinished));
      throw error;
    }
  }

  /** The oldest batch that nobody else is sending; undefined when there is none. */
  async take(): Promise<SpilledBatch | undefined> {
    const nowMs = this.#options.now();
    for (const file of batchesOf(await this.#fileNames())) {
      if (!isFree(file, nowMs)) continue;
      const taken = await this.#claim(file, nowMs);
      if (taken !== undefined) return taken;
    }
    return undefined;
  }

  async #claim(file: SpillName, nowMs: number): Promise<SpilledBatch | undefined> {
    const { folder } = this.#options;
    const free = path.join(folder, nameOf(file));
    const claimed = path.join(folder, claimedName(file, nowMs));
    try {
      await rename(path.join(folder, file.fileName), claimed);
      const content = await readFile(claimed);
      const bytes = new Uint8Array(content.subarray(DIGEST_BYTES));
      const digest = createHash("sha256").update(bytes).digest();
      if (!digest.equals(content.subarray(0, DIGEST_BYTES))) {
        await unlink(claimed);
        this.#countLost(file);
        return undefined;
      }
      const batch = { bytes, isGzip: bytes[0] === GZIP_MAGIC, spanCount: file.spanCount };
      return {
        batch,
        isOwn: this.#own.has(file.id),
        remove: () => {
          this.#own.delete(file.id);
          return ignoringMissing(unlink(claimed));
        },
        release: () => ignoringMissing(rename(claimed, free)),
      };
    } catch {
      // Somebody else was faster.
      return undefined;
    }
  }

  async #makeRoom(byteCount: number): Promise<void> {
    const { folder, bytesMax, now } = this.#options;
    const fileNames = await this.#fileNames();
    for (const fileName of fileNames) {
      if (isLeftBehind(fileName, now())) await ignoringMissing(unlink(path.join(folder, fileName)));
    }
    const files = batchesOf(fileNames);
    let total = files.reduce((sum, file) => sum + file.byteCount, byteCount);
    for (const file of files) {
      if (total <= bytesMax) break;
      // One that is being sent goes by itself.
      if (!isFree(file, now())) continue;
      total -= file.byteCount;
      try {
        await unlink(path.join(folder, file.fileName));
        this.#countLost(file);
      } catch {
        // Delivered meanwhile by another process.
      }
    }
  }

  #countLost({ id, spanCount }: SpillName): void {
    if (this.#own.delete(id)) this.#lostSpans += spanCount;
  }

  async #fileNames(): Promise<readonly string[]> {
    try {
      return await readdir(this.#options.folder);
    } catch {
      // Nothing was ever kept.
      return [];
    }
  }
}

function batchesOf(fileNames: readonly string[]): readonly SpillName[] {
  return oldestFirst(fileNames.map((name) => readName(name)).filter((name) => name !== undefined));
}

async function ignoringMissing(work: Promise<void>): Promise<void> {
  await work.catch(() => {});
}
