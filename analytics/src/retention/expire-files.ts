import { commitSwap, nextSwapNumber, swapName } from "../compaction/swap-log.ts";
import type { ManifestFile } from "../lake/manifest.ts";
import type { Lake } from "../lake/open-lake.ts";
import type { LakeIndex } from "../lake/read-manifest.ts";
import { expiredFiles } from "./retention-policy.ts";
import type { RetentionPolicy } from "./retention-policy.ts";

export interface ExpiryOptions {
  readonly lake: Lake;
  /** The index of the lake, with all that was committed until now. */
  readonly freshIndex: () => Promise<LakeIndex>;
  readonly policy: RetentionPolicy;
  readonly now: () => Date;
}

export interface ExpiryOutcome {
  readonly files: number;
  /** Records that are gone; captured content has its records' numbers and is not counted. */
  readonly records: number;
  readonly sizeBytes: number;
}

/**
 * Lets what is older than the policy count no longer, in one commit. The files themselves go with the next compaction that
 * is a minute away (`sweep-lake.ts`): whoever reads them now reads on. Safe beside landings, compactions and itself: it is a swap
 * that puts nothing in place of what it takes, and the numbers of swaps are given once.
 *
 * Rejects with the LensError of the store; then it can be called again.
 */
export async function expireFiles(options: ExpiryOptions): Promise<ExpiryOutcome> {
  const { lake, freshIndex, policy, now } = options;
  const index = await freshIndex();
  const at = now();
  const expired = expiredFiles(index.allFiles(), policy, at.getTime());
  if (expired.length === 0) return outcomeOf([]);
  const isCommitted = await commitSwap(lake, {
    formatVersion: 1,
    name: swapName(nextSwapNumber(index)),
    committedAt: at.toISOString(),
    region: lake.region,
    add: [],
    remove: expired.map(({ key }) => key),
  });
  return outcomeOf(isCommitted ? expired : []);
}

/** What it comes to when these files go. */
export function outcomeOf(files: readonly ManifestFile[]): ExpiryOutcome {
  const sum = (of: (file: ManifestFile) => number): number =>
    files.reduce((total, file) => total + of(file), 0);
  return {
    files: files.length,
    records: sum(({ kind, rows }) => (kind === "spans" ? rows : 0)),
    sizeBytes: sum(({ sizeBytes }) => sizeBytes),
  };
}
