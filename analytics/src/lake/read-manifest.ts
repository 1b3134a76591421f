import { LensError } from "@lensai/otel-config/errors";
import { checkpointNumber, parseCheckpoint } from "./checkpoint.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { KnownCommits, scanCommits, scanOldCommits } from "./scan-commits.ts";
import { dayOf, dayPrefix, parseLakeKey, regionPrefix } from "./layout.ts";
import { LiveFiles } from "./live-files.ts";
import type { FileQuery } from "./live-files.ts";
import { parseManifest } from "./manifest.ts";
import type { ManifestCommit, ManifestFile } from "./manifest.ts";
import { mapLimited } from "./map-limited.ts";
import type { Lake } from "./open-lake.ts";
import { readNewestCheckpoint } from "./read-checkpoint.ts";

/** Commits fetched at the same time: they are small, so the round trip is what costs. */
const PARALLEL_GETS = 16;
/** How often a refresh looks at every recent commit rather than behind the last one of each writer. */
const FULL_SCAN_INTERVAL_MS = 60_000;
/**
 * Keys of days before yesterday that each look at every recent commit goes on to: a few listing requests a
 * minute, and a lake of a million commits is gone through in some hours.
 */
const OLD_KEYS_PER_SCAN = 5000;
/** After midnight a writer may still commit under the old day: clocks differ, and a put takes time. */
const MIDNIGHT_SLACK_MS = 10 * 60_000;
const DAY_MS = 86_400_000;

/**
 * Which files of a lake count, kept up to date by polling.
 *
 * Opening reads the newest checkpoint and every commit that it does not stand for. A refresh lists only what can be new: behind the last commit of every
 * writer today, and once a minute everything since yesterday, for commits that came out of order. A commit
 * is therefore seen at the next refresh, within a minute in the worst case, as long as the clocks of
 * writers and reader agree to a day. For those whose clock is further behind, the older days are gone
 * through again and again, OLD_KEYS_PER_SCAN keys a minute. A commit that cannot be read as one is named in
 * `malformed` and left out until it can.
 */
export class LakeIndex {
  readonly #lake: Lake;
  readonly #now: () => Date;
  readonly #live = new LiveFiles();
  /** The commits since yesterday that are taken in; older ones are known by name, in `#live`. */
  readonly #known = new KnownCommits();
  readonly #malformed = new Map<string, string>();
  #checkpointed: Checkpoint | undefined;
  #lastFullScanMs = Number.NEGATIVE_INFINITY;
  /** Where the next look at old commits begins. */
  #oldCommitsAfter = "";
  #refreshing: Promise<readonly ManifestCommit[]> | undefined;

  private constructor(lake: Lake, now: () => Date) {
    this.#lake = lake;
    this.#now = now;
  }

  static async open(lake: Lake, now: () => Date = () => new Date()): Promise<LakeIndex> {
    const index = new LakeIndex(lake, now);
    const startedAtMs = now().getTime();
    // First: whatever is deleted meanwhile is in it for an hour already.
    index.#checkpointed = await readNewestCheckpoint(lake, startedAtMs, (key, fault) =>
      index.#malformed.set(key, fault),
    );
    if (index.#checkpointed !== undefined) index.#live.applyCheckpoint(index.#checkpointed);
    await index.#takeIn(await index.#scan({ startAfter: "", skipKnown: false }));
    index.#known.forgetBefore(dayOf(new Date(startedAtMs - DAY_MS)));
    index.#lastFullScanMs = startedAtMs;
    return index;
  }

  /** Takes in what was committed since, and answers with it. Calls that overlap share one poll. */
  async refresh(): Promise<readonly ManifestCommit[]> {
    this.#refreshing ??= this.#poll().finally(() => {
      this.#refreshing = undefined;
    });
    return await this.#refreshing;
  }

  /** The files that can hold rows of the project and time asked for. */
  filesFor(query: FileQuery): ManifestFile[] {
    return this.#live.filesFor(query);
  }

  /** The files that span rows are read from: the rows, and new verdicts on them. */
  rowFilesFor(query: Omit<FileQuery, "kind">): ManifestFile[] {
    return this.#live.rowFilesFor(query);
  }

  /** Every file that counts. */
  allFiles(): ManifestFile[] {
    return this.#live.all();
  }

  /** The newest checkpoint that was taken in; undefined before the first. */
  get checkpointed(): Checkpoint | undefined {
    return this.#checkpointed;
  }

  /** What a checkpoint of everything that was taken in says. */
  checkpoint(): Pick<Checkpoint, "add" | "remove" | "names" | "lastCommittedAt"> {
    return this.#live.checkpoint();
  }

  /** How many commits were taken in that no checkpoint stands for. */
  get looseCommits(): number {
    return this.#live.commitCount - (this.#checkpointed?.names.size ?? 0);
  }

  /** Was a commit of this name taken in? */
  hasCommit(name: string): boolean {
    return this.#live.hasCommit(name);
  }

  /** Does a file of this key count? */
  hasFile(key: string): boolean {
    return this.#live.hasFile(key);
  }

  /** When a file was removed; undefined for one that counts and for one that no commit names. */
  removedUnixMs(key: string): number | undefined {
    return this.#live.removedUnixMs(key);
  }

  /** When the latest commit was made (ISO 8601 UTC); undefined while there is none. */
  get lastCommittedAt(): string | undefined {
    return this.#live.lastCommittedAt;
  }

  /** Commits that could not be read: their key and what is wrong with them. */
  get malformed(): ReadonlyMap<string, string> {
    return this.#malformed;
  }

  async #poll(): Promise<readonly ManifestCommit[]> {
    const nowMs = this.#now().getTime();
    if (nowMs - this.#lastFullScanMs < FULL_SCAN_INTERVAL_MS) {
      const firstDay = dayOf(new Date(nowMs - MIDNIGHT_SLACK_MS));
      const startAfter = this.#beforeDay(firstDay);
      return await this.#takeIn(await this.#scan({ startAfter, skipKnown: true }));
    }
    const yesterday = dayOf(new Date(nowMs - DAY_MS));
    const recentFrom = this.#beforeDay(yesterday);
    const recent = await this.#scan({ startAfter: recentFrom, skipKnown: false });
    const old = await scanOldCommits(this.#lake.store, {
      prefix: this.#prefix,
      startAfter: this.#oldCommitsAfter,
      before: recentFrom,
      keysMax: OLD_KEYS_PER_SCAN,
      isTakenIn: (name) => this.#live.hasCommit(name),
    });
    const fresh = await this.#takeIn([...old.fresh, ...recent]);
    this.#oldCommitsAfter = old.next;
    this.#known.forgetBefore(yesterday);
    this.#lastFullScanMs = nowMs;
    return fresh;
  }

  async #scan(scan: { startAfter: string; skipKnown: boolean }): Promise<string[]> {
    const { store } = this.#lake;
    return await scanCommits(store, { ...scan, prefix: this.#prefix, known: this.#known });
  }

  async #takeIn(keys: readonly string[]): Promise<ManifestCommit[]> {
    const fresh: ManifestCommit[] = [];
    const wanted: string[] = [];
    const checkpoints: string[] = [];
    for (const key of keys) {
      const name = parseLakeKey(key)?.name ?? "";
      if (checkpointNumber(name) !== undefined) checkpoints.push(key);
      else if (!this.#live.hasCommit(name)) wanted.push(key);
      else this.#known.add(key);
    }
    fresh.push(...(await this.#takeInNewest(checkpoints)));
    const commits = await mapLimited(wanted, PARALLEL_GETS, (key) =>
      this.#read(key, parseManifest),
    );
    for (const [at, commit] of commits.entries()) {
      if (commit === undefined) continue;
      this.#known.add(wanted[at] as string);
      if (this.#live.apply(commit)) fresh.push(commit);
    }
    return fresh;
  }

  /**
   * Takes in the newest of these checkpoints that is whole. What is new by it is one commit; mostly nothing, for it
   * stands for what was read already.
   */
  async #takeInNewest(keys: readonly string[]): Promise<ManifestCommit[]> {
    const known = this.#checkpointed?.name ?? "";
    let newest: Checkpoint | undefined;
    for (const key of keys.toReversed()) {
      // Their numbers are equally wide.
      const isKnown = (parseLakeKey(key)?.name ?? "") <= known;
      if (!isKnown) newest ??= await this.#read(key, parseCheckpoint);
      if (isKnown || newest !== undefined) this.#known.add(key);
    }
    if (newest === undefined) return [];
    this.#checkpointed = newest;
    const add = this.#live.applyCheckpoint(newest);
    return add.length === 0 ? [] : [{ ...newest, add, remove: [] }];
  }

  async #read<T>(key: string, parse: (body: Uint8Array, key: string) => T): Promise<T | undefined> {
    try {
      const commit = parse(await this.#lake.store.get(key), key);
      this.#malformed.delete(key);
      return commit;
    } catch (error) {
      if (!(error instanceof LensError)) throw error;
      if (error.code === "lake.object_missing") return undefined;
      if (error.code !== "lake.file_corrupt") throw error;
      this.#malformed.set(key, error.message);
      return undefined;
    }
  }

  get #prefix(): string {
    return regionPrefix({ kind: "manifest", region: this.#lake.region });
  }

  /** A key that sorts before everything of the day and after everything of the day before. */
  #beforeDay(day: number): string {
    return dayPrefix({ kind: "manifest", region: this.#lake.region, day }).slice(0, -1);
  }
}
