import { LensError } from "@lensai/otel-config/errors";
import { checkpointNumber, parseCheckpoint } from "./checkpoint.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { SWAP_DAY, dayPrefix, parseLakeKey } from "./layout.ts";
import type { Lake } from "./open-lake.ts";

/** A checkpoint of a lake, by its key. */
export interface CheckpointPlace {
  readonly key: string;
  readonly number: number;
  readonly modifiedAt: Date;
}

/** The checkpoints that lie in the lake, oldest first. */
export async function listCheckpoints({ store, region }: Lake): Promise<CheckpointPlace[]> {
  const folder = dayPrefix({ kind: "manifest", region, day: SWAP_DAY });
  const places: CheckpointPlace[] = [];
  for await (const { key, modifiedAt } of store.list(`${folder}checkpoint-`)) {
    const number = checkpointNumber(parseLakeKey(key)?.name ?? "");
    if (number !== undefined) places.push({ key, number, modifiedAt });
  }
  return places.toSorted((left, right) => left.number - right.number);
}

/**
 * Commits are only deleted by a checkpoint that was there for so long: whoever has listed the commits without it has
 * read them by then.
 */
const CHECKPOINT_GRACE_MS = 3_600_000;

/** Times that a checkpoint may be gone, because newer ones came, before it is an error. */
const ATTEMPTS = 3;

/**
 * The newest checkpoint that is whole; undefined while there is none. `onFault` hears of those that are not. Throws
 * `lake.file_corrupt` when none is whole and what they stand for may be gone.
 */
export async function readNewestCheckpoint(
  lake: Lake,
  nowUnixMs: number,
  onFault?: (key: string, fault: string) => void,
): Promise<Checkpoint | undefined> {
  let names = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const places = await listCheckpoints(lake);
    for (const { key } of places.toReversed()) {
      const checkpoint = await readCheckpoint(lake, key, onFault);
      if (checkpoint !== undefined) return checkpoint;
    }
    if (!places.some((place) => isOldCheckpoint(place, nowUnixMs))) return undefined;
    names = places.map(({ key }) => key).join(", ");
  }
  throw new LensError("lake.file_corrupt", `no checkpoint of the lake is whole: ${names}`);
}

/** Was it there for so long that commits may have been deleted for it? */
export function isOldCheckpoint({ modifiedAt }: CheckpointPlace, nowUnixMs: number): boolean {
  return nowUnixMs - modifiedAt.getTime() >= CHECKPOINT_GRACE_MS;
}

/** Undefined for one that is gone, and for one that is not whole, of which `onFault` hears. */
export async function readCheckpoint(
  { store }: Lake,
  key: string,
  onFault: (key: string, fault: string) => void = () => undefined,
): Promise<Checkpoint | undefined> {
  try {
    return parseCheckpoint(await store.get(key), key);
  } catch (error) {
    const code = error instanceof LensError ? error.code : undefined;
    if (code !== "lake.file_corrupt" && code !== "lake.object_missing") throw error;
    if (code === "lake.file_corrupt") onFault(key, (error as LensError).message);
    return undefined;
  }
}
