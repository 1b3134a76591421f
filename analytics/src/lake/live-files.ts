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
  /** When they were removed, by key. */
  readonly #removed = new Map<string, number>();
  readonly #names = new Set<string>();
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
    const { committedAt } = commit;
    if (this.#lastCommittedAt === undefined || committedAt > this.#lastCommittedAt) {
      this.#lastCommittedAt = committedAt;
    }
    return true;
  }

  /** Was a commit of this name taken in? */
  hasCommit(name: string): boolean {
    return this.#names.has(name);
  }

  /** When a file was removed; undefined for one that counts and for one that no commit names. */
  removedUnixMs(key: string): number | undefined {
    return this.#removed.get(key);
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

function liveFile(file: ManifestFile): LiveFile {
  return {
    file,
    minUnixMs: millisFromIsoMicros(file.minStartTime) ?? Number.NEGATIVE_INFINITY,
    maxUnixMs: millisFromIsoMicros(file.maxStartTime) ?? Number.POSITIVE_INFINITY,
  };
}
