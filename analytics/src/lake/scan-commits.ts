import { compareKeys } from "../object-store/object-key.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import { parseLakeKey } from "./layout.ts";

/** Keys of commits that a reader has taken in. */
export class KnownCommits {
  #keys = new Set<string>();
  readonly #lastByWriter = new Map<string, string>();

  add(key: string): void {
    this.#keys.add(key);
    const writer = writerOf(key);
    const last = this.#lastByWriter.get(writer);
    if (last === undefined || compareKeys(key, last) > 0) this.#lastByWriter.set(writer, key);
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** The greatest known key of the same writer and day; the key itself when there is none. */
  lastOfWriter(key: string): string {
    return this.#lastByWriter.get(writerOf(key)) ?? key;
  }

  /** Forgets the commits of earlier days. */
  forgetBefore(day: number): void {
    const isOld = (key: string): boolean => (parseLakeKey(key)?.day ?? 0) < day;
    for (const key of this.#keys) if (isOld(key)) this.#keys.delete(key);
    for (const [writer, last] of this.#lastByWriter) {
      if (isOld(last)) this.#lastByWriter.delete(writer);
    }
  }
}

export interface CommitScan {
  /** The region's manifest folder. */
  readonly prefix: string;
  readonly startAfter: string;
  readonly known: KnownCommits;
  /**
   * Go straight behind the last known commit of each writer. A few requests per writer then answer for a
   * day of any length, but commits that a writer made out of order are passed over.
   */
  readonly skipKnown: boolean;
}

/** The keys of commits that are not known yet, in ascending order. Objects that are no commits are left out. */
export async function scanCommits(store: ObjectStore, scan: CommitScan): Promise<string[]> {
  const fresh: string[] = [];
  let cursor: string | undefined = scan.startAfter;
  while (cursor !== undefined) {
    cursor = await scanFrom(store, { ...scan, startAfter: cursor }, fresh);
  }
  return fresh;
}

/** Scans until the end (undefined) or to a known key that can be jumped from: then where to go on. */
async function scanFrom(
  store: ObjectStore,
  { prefix, startAfter, known, skipKnown }: CommitScan,
  fresh: string[],
): Promise<string | undefined> {
  for await (const { key } of store.list(prefix, { startAfter })) {
    if (known.has(key)) {
      const last = known.lastOfWriter(key);
      if (skipKnown && compareKeys(last, key) > 0) return last;
    } else if (parseLakeKey(key) !== undefined) {
      fresh.push(key);
    }
  }
  return undefined;
}

export interface OldCommitScan {
  /** The region's manifest folder. */
  readonly prefix: string;
  readonly startAfter: string;
  /** Keys from this one on are left to `scanCommits`. */
  readonly before: string;
  /** How many keys to look at. */
  readonly keysMax: number;
  readonly isTakenIn: (name: string) => boolean;
}

/**
 * Looks at a stretch of old commits for those that were filed there late. `next` is where the next stretch
 * begins: "" when this one came to the end.
 */
export async function scanOldCommits(
  store: ObjectStore,
  { prefix, startAfter, before, keysMax, isTakenIn }: OldCommitScan,
): Promise<{ fresh: string[]; next: string }> {
  const fresh: string[] = [];
  let looked = 0;
  for await (const { key } of store.list(prefix, { startAfter })) {
    if (compareKeys(key, before) >= 0) break;
    const name = parseLakeKey(key)?.name;
    if (name !== undefined && !isTakenIn(name)) fresh.push(key);
    looked += 1;
    if (looked === keysMax) return { fresh, next: key };
  }
  return { fresh, next: "" };
}

/** A writer's commits of one day share the key up to the last dash: `.../dt=<day>/<instance>-<number>.json`. */
function writerOf(key: string): string {
  const dash = key.lastIndexOf("-");
  return dash > key.lastIndexOf("/") ? key.slice(0, dash) : key;
}
