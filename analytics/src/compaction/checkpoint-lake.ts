import { checkpointName, checkpointNumber, serialiseCheckpoint } from "../lake/checkpoint.ts";
import type { Checkpoint } from "../lake/checkpoint.ts";
import { SWAP_DAY, lakeKey, parseLakeKey, regionPrefix } from "../lake/layout.ts";
import type { Lake } from "../lake/open-lake.ts";
import { isOldCheckpoint, listCheckpoints, readCheckpoint } from "../lake/read-checkpoint.ts";
import type { LakeIndex } from "../lake/read-manifest.ts";

export interface CheckpointOptions {
  readonly lake: Lake;
  /** With all that was committed until now. */
  readonly index: LakeIndex;
  readonly now: Date;
  /** So many commits make a checkpoint worth while: about as many are read at an open. */
  readonly commitsMin?: number;
}

export interface CheckpointOutcome {
  /** Commits that a new checkpoint stands for and none before it. */
  readonly checkpointed: number;
  /** Commits that were deleted: an old checkpoint stands for them. */
  readonly forgotten: number;
}

const COMMITS_MIN = 256;

/**
 * Writes down what all commits say together, so that a reader needs none of them, and deletes those that a checkpoint
 * stands for that every reader has seen by now. The same files count at every moment, wherever it is cut off, and
 * whether readers look at checkpoints or take them for commits like others. Safe to run twice at the same time.
 */
export async function checkpointLake(options: CheckpointOptions): Promise<CheckpointOutcome> {
  const { lake, index, now, commitsMin = COMMITS_MIN } = options;
  const loose = index.looseCommits;
  // A commit that cannot be read may remove files: it has to be mended first. A checkpoint is written again.
  const isBroken = [...index.malformed.keys()].some((key) => !isCheckpoint(key));
  if (loose < commitsMin || isBroken) return { checkpointed: 0, forgotten: 0 };
  const isWritten = await write(lake, index, now);
  const forgotten = await forget(lake, now.getTime());
  return { checkpointed: isWritten ? loose : 0, forgotten };
}

function isCheckpoint(key: string): boolean {
  return checkpointNumber(parseLakeKey(key)?.name ?? "") !== undefined;
}

/** False: another one was faster, or there is more than a checkpoint holds. */
async function write(lake: Lake, index: LakeIndex, now: Date): Promise<boolean> {
  const { store, region } = lake;
  const number = (checkpointNumber(index.checkpointed?.name ?? "") ?? 0) + 1;
  const checkpoint: Checkpoint = {
    formatVersion: 1,
    name: checkpointName(number),
    committedAt: now.toISOString(),
    region,
    ...index.checkpoint(),
  };
  const body = serialiseCheckpoint(checkpoint);
  if (body === undefined) return false;
  const key = lakeKey({ kind: "manifest", region, day: SWAP_DAY, name: checkpoint.name });
  if ((await store.put(key, body, { ifAbsent: true })) === "created") return true;
  if ((await readCheckpoint(lake, key)) !== undefined) return false;
  // Cut off while a store without atomic puts wrote it.
  await store.put(key, body);
  return true;
}

/**
 * Deletes what the newest checkpoint of an hour ago stands for. A swap goes after the landings and checkpoints whose
 * files it removes, and swaps go in their order: who adds up whatever is left never counts a removed file.
 */
async function forget(lake: Lake, nowUnixMs: number): Promise<number> {
  const { store, region } = lake;
  const places = await listCheckpoints(lake);
  const old = places.filter((place) => isOldCheckpoint(place, nowUnixMs));
  const newest = old.at(-1);
  const checkpoint = newest && (await readCheckpoint(lake, newest.key));
  if (checkpoint === undefined) return 0;
  const doomed: string[] = old.slice(0, -1).map(({ key }) => key);
  const swaps: string[] = [];
  for await (const { key } of store.list(regionPrefix({ kind: "manifest", region }))) {
    const { name = "", day } = parseLakeKey(key) ?? {};
    if (!checkpoint.names.has(name)) continue;
    if (day === SWAP_DAY) swaps.push(key);
    else doomed.push(key);
  }
  await store.delete(doomed);
  for (const key of swaps) await store.delete([key]);
  return doomed.length - (old.length - 1) + swaps.length;
}
