import { join } from "node:path";
import type { Disk, DiskFile } from "../landing/disk.ts";
import { FINGERPRINT_BYTES } from "./nonce-window.ts";
import type { NonceWindow, TakenNonce } from "./nonce-window.ts";

const SUFFIX = ".nonces";

interface OpenFile {
  readonly file: DiskFile;
  sizeBytes: number;
}

/**
 * The nonces taken, on disk: one file per slice of time, fingerprints one after another. Written before the
 * request is used, so that a process that was killed refuses after its restart what it took before it. They
 * are not synced: after a loss of power the requests themselves, which are synced, are recognised by their
 * bytes. A file that ends in half a fingerprint was cut by a crash: that request was not answered.
 */
export class NonceFolder {
  private readonly disk: Disk;
  private readonly folder: string;
  private readonly files = new Map<number, OpenFile>();
  private isMade = false;

  constructor(disk: Disk, folder: string) {
    this.disk = disk;
    this.folder = folder;
  }

  async load(window: NonceWindow): Promise<void> {
    for (const name of await this.disk.list(this.folder)) {
      const slice = Number(/^(\d{1,13})\.nonces$/.exec(name)?.[1]);
      if (!Number.isSafeInteger(slice)) continue;
      window.restore(slice, await this.disk.read(join(this.folder, name)));
      const file = await this.disk.open(join(this.folder, name), "existing");
      const sizeBytes = await file.size();
      this.files.set(slice, { file, sizeBytes: sizeBytes - (sizeBytes % FINGERPRINT_BYTES) });
    }
  }

  /** Resolves when the operating system has them: the process may be killed then. */
  async append(nonces: readonly TakenNonce[]): Promise<void> {
    const bySlice = Map.groupBy(nonces, ({ slice }) => slice);
    for (const [slice, group] of bySlice) {
      const open = await this.fileOf(slice);
      const bytes = Buffer.concat(group.map(({ fingerprint }) => fingerprint));
      let written = 0;
      while (written < bytes.length) {
        written += await open.file.writev([bytes.subarray(written)], open.sizeBytes + written);
      }
      open.sizeBytes += bytes.length;
    }
  }

  async remove(slices: readonly number[]): Promise<void> {
    for (const slice of slices) {
      const open = this.files.get(slice);
      this.files.delete(slice);
      await open?.file.close();
      await this.disk.remove(this.pathOf(slice));
    }
  }

  async close(): Promise<void> {
    for (const { file } of this.files.values()) await file.close();
    this.files.clear();
  }

  private async fileOf(slice: number): Promise<OpenFile> {
    const known = this.files.get(slice);
    if (known !== undefined) return known;
    if (!this.isMade) await this.disk.makeFolder(this.folder);
    this.isMade = true;
    const open = { file: await this.disk.open(this.pathOf(slice), "create"), sizeBytes: 0 };
    this.files.set(slice, open);
    return open;
  }

  private pathOf(slice: number): string {
    return join(this.folder, `${slice}${SUFFIX}`);
  }
}
