import { join } from "node:path";
import type { Disk } from "./disk.ts";
import { SeenJournal } from "./seen-journal.ts";
import type { SeenWindow } from "./seen-window.ts";

/** The journals of landed segments on disk: what the seen window is rebuilt from after a restart. */
export class SeenFolder {
  private readonly disk: Disk;
  private readonly folder: string;
  private readonly limits: SeenFolderLimits;
  /** Oldest first. */
  private files: SeenFile[] = [];

  constructor(disk: Disk, folder: string, limits: SeenFolderLimits) {
    this.disk = disk;
    this.folder = folder;
    this.limits = limits;
  }

  /** Fills the window with everything that is still in it; damaged files are counted and skipped. */
  async load(window: SeenWindow, nowMs: number): Promise<{ damaged: number }> {
    await this.disk.makeFolder(this.folder);
    const names = (await this.disk.list(this.folder)).filter((name) => name.endsWith(SUFFIX));
    const journals: SeenJournal[] = [];
    let damaged = 0;
    for (const name of names.toSorted()) {
      const journal = SeenJournal.decode(await this.disk.read(join(this.folder, name)));
      if (journal === undefined) {
        damaged += 1;
        continue;
      }
      this.files.push({ name, ...sizesOf(journal) });
      journals.push(journal);
    }
    for (const journal of journals) {
      if (nowMs - journal.lastReceivedMs <= this.limits.requestWindowMs) journal.feed(window);
    }
    await this.prune(nowMs);
    return { damaged };
  }

  /** Durable on return. Saving a segment twice replaces the first. */
  async save(segmentName: string, journal: SeenJournal, nowMs: number): Promise<void> {
    const name = segmentName + SUFFIX;
    await this.disk.write(join(this.folder, name), journal.encode());
    this.files = this.files.filter((file) => file.name !== name);
    this.files.push({ name, ...sizesOf(journal) });
    await this.prune(nowMs);
  }

  /** Removes what the window has forgotten: whole files by age, their spans by number. */
  private async prune(nowMs: number): Promise<void> {
    const { requestWindowMs, spansMax } = this.limits;
    const isOld = (file: SeenFile): boolean => nowMs - file.lastReceivedMs > requestWindowMs;
    for (const file of this.files.filter((each) => isOld(each))) {
      await this.disk.remove(join(this.folder, file.name));
    }
    this.files = this.files.filter((file) => !isOld(file));
    let newer = 0;
    for (const file of this.files.toReversed()) {
      if (newer > spansMax && file.spanCount > 0) await this.dropSpans(file);
      newer += file.spanCount;
    }
  }

  private async dropSpans(file: SeenFile): Promise<void> {
    const handle = await this.disk.open(join(this.folder, file.name), "existing");
    try {
      await handle.truncate(file.sizeWithoutSpans);
    } finally {
      await handle.close();
    }
    file.spanCount = 0;
  }
}

export interface SeenFolderLimits {
  readonly requestWindowMs: number;
  /** Span hashes kept on disk: no more than the window holds. */
  readonly spansMax: number;
}

interface SeenFile {
  readonly name: string;
  readonly lastReceivedMs: number;
  readonly sizeWithoutSpans: number;
  spanCount: number;
}

const SUFFIX = ".seen";

function sizesOf(journal: SeenJournal): Omit<SeenFile, "name"> {
  const { lastReceivedMs, sizeWithoutSpans, spanCount } = journal;
  return { lastReceivedMs, sizeWithoutSpans, spanCount };
}
