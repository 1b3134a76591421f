import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { nodeDisk } from "../landing/disk.ts";

/**
 * A text that is kept for the next start, for its owner alone: 0600. It is replaced as a whole or not at all, and
 * when texts come faster than the disk takes them, the ones between are left out.
 */
export class LastGoodCopy {
  private readonly dataDir: string;
  private readonly fileName: string;
  private writing: Promise<void> = Promise.resolve();
  private newest = "";

  constructor(dataDir: string, fileName: string) {
    this.dataDir = dataDir;
    this.fileName = fileName;
  }

  /** Undefined when there is none; rejects when it cannot be read. */
  async read(): Promise<string | undefined> {
    try {
      return await readFile(path.join(this.dataDir, this.fileName), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Resolves when this text, or one that came later, is on disk. */
  async write(text: string): Promise<void> {
    this.newest = text;
    this.writing = this.replaceAfter(this.settled(), text);
    await this.writing;
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.writing.catch(() => undefined);
  }

  private async replaceAfter(before: Promise<void>, text: string): Promise<void> {
    await before;
    if (this.newest === text) await this.replace(text);
  }

  private async replace(text: string): Promise<void> {
    await mkdir(this.dataDir, { recursive: true });
    await nodeDisk.write(path.join(this.dataDir, this.fileName), Buffer.from(text));
  }
}
