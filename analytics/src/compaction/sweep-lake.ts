import { regionPrefix } from "../lake/layout.ts";
import type { FileKind } from "../lake/layout.ts";
import type { Lake } from "../lake/open-lake.ts";
import type { LakeIndex } from "../lake/read-manifest.ts";
import { MERGED_PREFIX } from "./merged-name.ts";

/** How long a reader may go on with the files it has chosen. */
const REMOVED_GRACE_MS = 60_000;
/** Merged files of a compaction that did not come to its swap. Above PASS_MS_MAX of compact-lake.ts, by far. */
const ABANDONED_AFTER_MS = 24 * 3_600_000;
const KINDS: readonly FileKind[] = ["spans", "content", "corrections"];

/**
 * Deletes files that were removed a while ago, also those that a landing put again after them, and what
 * compactions left that were cut off. Gives the number of deleted files.
 */
export async function sweepLake(lake: Lake, index: LakeIndex, nowUnixMs: number): Promise<number> {
  // The files of a commit that cannot be read look as if nobody had committed them.
  const mayBeAbandoned = index.malformed.size === 0;
  const { store, region } = lake;
  const doomed: string[] = [];
  for (const kind of KINDS) {
    for await (const { key, modifiedAt } of store.list(regionPrefix({ kind, region }))) {
      const removedUnixMs = index.removedUnixMs(key);
      const isRemoved =
        removedUnixMs !== undefined && nowUnixMs - removedUnixMs >= REMOVED_GRACE_MS;
      const isAbandoned =
        mayBeAbandoned &&
        removedUnixMs === undefined &&
        !index.hasFile(key) &&
        key.includes(`/${MERGED_PREFIX}`) &&
        nowUnixMs - modifiedAt.getTime() >= ABANDONED_AFTER_MS;
      if (isRemoved || isAbandoned) doomed.push(key);
    }
  }
  await store.delete(doomed);
  return doomed.length;
}
