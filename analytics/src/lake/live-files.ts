import type { Checkpoint } from "./checkpoint.ts";
import { CommitNames } from "./commit-names.ts";
import { parseLakeKey } from "./layout.ts";
import type { FileKind } from "./layout.ts";
import type { ManifestCommit, ManifestFile } from "./manifest.ts";
import { millisFromIsoMicros } from "./micros.ts";

export interface FileQuery {
  readonly kind: FileKind;
  readonly projectId: string;
  /** Start times from here up to, and not including, `toUnixMs`. */
  readonly fromUnixMs: number;
  readonly toUnixMs: number;
}

interface LiveFile {
  readonly file: ManifestFile;
  /** The milliseconds that its earliest and latest start_time lie in. */
  readonly minUnixMs: number;
  readonly maxUnixMs: number;
}

/**
 * The files that count after a set of commits. The answer does not depend on the order in which commits
 * are applied: a file counts when some commit adds it and none removes it.
 */
export class LiveFiles {
  readonly #files = new Map<string, LiveFile>();
  /** When they were removed, by key; those that a checkpoint knows of are not named. */
  readonly #removed = new Map<string, number>();
  readonly #names = new CommitNames();
  /** When the latest checkpoint was made. */
  #checkpointUnixMs: number | undefined;
  #lastCommittedAt: string | undefined;

  /** Takes a commit in. Answers false for a name that is known already: it says nothing new. */
  apply(commit: ManifestCommit): boolean {
    if (this.#names.has(commit.name)) return false;
    this.#names.add(commit.name);
    const removedUnixMs = Date.parse(commit.committedAt);
    for (const key of commit.remove) {
      this.#removed.set(key, removedUnixMs);
      this.#files.delete(key);
    }
    for (const file of commit.add) {
      if (!this.#removed.has(file.key)) this.#files.set(file.key, liveFile(file));
    }
    this.#noteCommittedAt(commit.committedAt);
    return true;
  }

  /**
   * Takes in a checkpoint, and with it all commits that it stands for. Answers with the files that count by it and
   * did not before.
   */
  applyCheckpoint(checkpoint: Checkpoint): ManifestFile[] {
    const { add, remove, names, lastCommittedAt } = checkpoint;
    const unixMs = Date.parse(checkpoint.committedAt);
    const fresh = add.filter(({ key }) => !this.#files.has(key) && !this.#isRemoved(key));
    const counting = new Set(add.map(({ key }) => key));
    for (const key of this.#files.keys()) {
      if (names.has(commitNameOf(key)) && !counting.has(key)) this.#files.delete(key);
    }
    for (const key of remove) {
      if (!this.#removed.has(key)) this.#removed.set(key, unixMs);
      this.#files.delete(key);
    }
    for (const file of fresh) this.#files.set(file.key, liveFile(file));
    this.#names.addAll(names);
    this.#checkpointUnixMs = Math.max(this.#checkpointUnixMs ?? unixMs, unixMs);
    for (const [key, removedUnixMs] of this.#removed) {
      if (removedUnixMs <= unixMs && names.has(commitNameOf(key))) this.#removed.delete(key);
    }
    if (lastCommittedAt !== undefined) this.#noteCommittedAt(lastCommittedAt);
    return fresh;
  }

  /** What a checkpoint of everything that was taken in says. */
  checkpoint(): Pick<Checkpoint, "add" | "remove" | "names" | "lastCommittedAt"> {
    return {
      add: this.all(),
      // The others are those that its names stand for and that it does not add.
      remove: [...this.#removed.keys()].filter((key) => !this.#names.has(commitNameOf(key))),
      names: this.#names,
      lastCommittedAt: this.#lastCommittedAt,
    };
  }

  /** How many commits were taken in. */
  get commitCount(): number {
    return this.#names.size;
  }

  #noteCommittedAt(committedAt: string): void {
    if (this.#lastCommittedAt === undefined || committedAt > this.#lastCommittedAt) {
      this.#lastCommittedAt = committedAt;
    }
  }

  /** Its commit is known, all files of a commit begin to count at once, and this one does not. */
  #isRemoved(key: string): boolean {
    return this.#removed.has(key) || (!this.#files.has(key) && this.#names.has(commitNameOf(key)));
  }

  /** Was a commit of this name taken in? */
  hasCommit(name: string): boolean {
    return this.#names.has(name);
  }

  /**
   * When a file was removed, or was known to be; undefined for one that counts and for one that no commit names.
   */
  removedUnixMs(key: string): number | undefined {
    return this.#removed.get(key) ?? (this.#isRemoved(key) ? this.#checkpointUnixMs : undefined);
  }

  /** Does a file of this key count? */
  hasFile(key: string): boolean {
    return this.#files.has(key);
  }

  /** ISO 8601 UTC; undefined before the first commit. */
  get lastCommittedAt(): string | undefined {
    return this.#lastCommittedAt;
  }

  all(): ManifestFile[] {
    return [...this.#files.values()].map(({ file }) => file);
  }

  /** The files that span rows are read from: the rows, and new verdicts on them. */
  rowFilesFor(query: Omit<FileQuery, "kind">): ManifestFile[] {
    const spans = this.filesFor({ kind: "spans", ...query });
    if (spans.length === 0) return spans;
    return [...spans, ...this.filesFor({ kind: "corrections", ...query })];
  }

  /** The files that can hold rows of the project and time asked for. */
  filesFor({ kind, projectId, fromUnixMs, toUnixMs }: FileQuery): ManifestFile[] {
    const found: ManifestFile[] = [];
    for (const { file, minUnixMs, maxUnixMs } of this.#files.values()) {
      if (file.kind !== kind || minUnixMs >= toUnixMs || maxUnixMs < fromUnixMs) continue;
      if (file.projects.includes(projectId)) found.push(file);
    }
    return found;
  }
}

/** Of a swap's files: `<swap>-<pass>-<position>`. */
const MERGED_NAME = /^(compact-\d+)-[^-]+-\d+$/;

/** The name of the commit that adds a file. */
function commitNameOf(key: string): string {
  const name = parseLakeKey(key)?.name ?? "";
  return MERGED_NAME.exec(name)?.[1] ?? name;
}

function liveFile(file: ManifestFile): LiveFile {
  return {
    file,
    minUnixMs: millisFromIsoMicros(file.minStartTime) ?? Number.NEGATIVE_INFINITY,
    maxUnixMs: millisFromIsoMicros(file.maxStartTime) ?? Number.POSITIVE_INFINITY,
  };
}
