import { LensError } from "@lensai/otel-config/errors";
import { checkpointNumber, parseCheckpoint } from "../lake/checkpoint.ts";
import type { Checkpoint } from "../lake/checkpoint.ts";
import { CommitNames } from "../lake/commit-names.ts";
import { SWAP_DAY, dayPrefix, parseLakeKey, regionPrefix } from "../lake/layout.ts";
import { LiveFiles } from "../lake/live-files.ts";
import { isSwap, parseManifest } from "../lake/manifest.ts";
import type { ManifestCommit, ManifestFile } from "../lake/manifest.ts";
import { mapLimited } from "../lake/map-limited.ts";
import type { Lake } from "../lake/open-lake.ts";
import { recordsOf } from "./lake-seal.ts";

/** What the manifest says of a moment. */
export interface LakeState {
  readonly names: CommitNames;
  readonly files: readonly ManifestFile[];
}

const PARALLEL_GETS = 16;

/**
 * The manifest as it lies in the store now, and not as a process remembers it: of any moment whose commits are still
 * there it says which files counted. Commits are deleted an hour after a checkpoint stands for them.
 */
export class LakeStates {
  /** Oldest first. */
  readonly #checkpoints: readonly Checkpoint[];
  readonly #commits: readonly ManifestCommit[];

  private constructor(checkpoints: readonly Checkpoint[], commits: readonly ManifestCommit[]) {
    this.#checkpoints = checkpoints;
    this.#commits = commits;
  }

  /** Reads the commits that tell the state of now and, where they still can, the one after `sealed`. */
  static async read(lake: Lake, sealed: CommitNames = new CommitNames()): Promise<LakeStates> {
    const { checkpointKeys, commitKeys } = await listManifest(lake);
    const checkpoints = await readAll(lake, checkpointKeys, parseCheckpoint);
    const inOrder = checkpoints.toSorted((left, right) => (left.name < right.name ? -1 : 1));
    const base = sealed.size === 0 ? inOrder.at(-1) : newestWithin(inOrder, sealed);
    const wanted = commitKeys.filter(
      (key) => base?.names.has(parseLakeKey(key)?.name ?? "") !== true,
    );
    return new LakeStates(inOrder, await readAll(lake, wanted, parseManifest));
  }

  now(): LakeState {
    const base = this.#checkpoints.at(-1);
    return stateOf(base, this.#commits);
  }

  /** After the commits of these names and no others, as far as they are there. */
  after(names: CommitNames): LakeState {
    const own = this.#commits.filter(({ name }) => names.has(name));
    return stateOf(newestWithin(this.#checkpoints, names), own);
  }

  /** May commits of these names be gone? They may when a checkpoint stands for all of them, and for more. */
  mayForget(names: CommitNames): boolean {
    return this.#checkpoints.some((checkpoint) => checkpoint.names.hasAll(names));
  }

  /** Records that landed with commits of other names than these. */
  landedSince(names: CommitNames): number {
    const since = this.#commits.filter((commit) => !isSwap(commit) && !names.has(commit.name));
    return since.reduce((sum, { add }) => sum + recordsOf(add), 0);
  }
}

function newestWithin(
  checkpoints: readonly Checkpoint[],
  names: CommitNames,
): Checkpoint | undefined {
  return checkpoints.findLast((checkpoint) => names.hasAll(checkpoint.names));
}

function stateOf(base: Checkpoint | undefined, commits: readonly ManifestCommit[]): LakeState {
  const live = new LiveFiles();
  if (base !== undefined) live.applyCheckpoint(base);
  for (const commit of commits) live.apply(commit);
  return { names: live.checkpoint().names, files: live.all() };
}

interface ManifestKeys {
  readonly checkpointKeys: readonly string[];
  readonly commitKeys: readonly string[];
}

/**
 * Swaps and checkpoints first: the landings whose files they are about were there before them, and so are seen. The other
 * way round, one that is merged meanwhile would be missing, and its records would seem to come from nowhere.
 */
async function listManifest({ store, region }: Lake): Promise<ManifestKeys> {
  const kind = "manifest";
  const keys = new Set<string>();
  for await (const { key } of store.list(dayPrefix({ kind, region, day: SWAP_DAY }))) keys.add(key);
  for await (const { key } of store.list(regionPrefix({ kind, region }))) {
    if (parseLakeKey(key)?.day !== SWAP_DAY) keys.add(key);
  }
  const named = [...keys].filter((key) => parseLakeKey(key) !== undefined);
  return {
    checkpointKeys: named.filter((key) => isCheckpoint(key)),
    commitKeys: named.filter((key) => !isCheckpoint(key)),
  };
}

const isCheckpoint = (key: string): boolean =>
  checkpointNumber(parseLakeKey(key)?.name ?? "") !== undefined;

/** Without those that are deleted meanwhile, and those that no reader of the lake takes in either. */
async function readAll<T>(
  { store }: Lake,
  keys: readonly string[],
  parse: (body: Uint8Array, key: string) => T,
): Promise<T[]> {
  const read = await mapLimited(keys, PARALLEL_GETS, async (key) => {
    try {
      return [parse(await store.get(key), key)];
    } catch (error) {
      const code = error instanceof LensError ? error.code : undefined;
      if (code !== "lake.object_missing" && code !== "lake.file_corrupt") throw error;
      return [];
    }
  });
  return read.flat();
}
