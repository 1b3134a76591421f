import { parseLakeKey } from "../lake/layout.ts";
import type { FileKind } from "../lake/layout.ts";
import type { ManifestFile } from "../lake/manifest.ts";

/** Files that become one, or none when nothing of them stays. All of one kind, day and row version. */
export interface CompactionGroup {
  readonly kind: FileKind;
  /** Days since 1970-01-01, UTC. */
  readonly day: number;
  readonly files: readonly ManifestFile[];
  /** Of rows: what is known better about them, which the merged file says itself. */
  readonly corrections?: readonly ManifestFile[];
  /** Of corrections: the rows that say themselves what these correct. Only what is about others stays. */
  readonly foldedInto?: readonly ManifestFile[];
}

/** A file of this size stays as it is: large enough for fast scans, small enough to be held while it is put. */
const FULL_BYTES = 64 << 20;
/** Files of a day that still gets rows are merged in such numbers: fewer would be written again and again. */
const OPEN_DAY_FILES = 32;
/** Of a day that is over, which gets only what comes late. */
const PAST_DAY_FILES = 8;
/** Rows arrive for a while after the end of their day. */
const DAY_OVER_AFTER_MS = 2 * 3_600_000;
/** Files that are merged differ in size by this factor at most. */
const SIZE_RATIO = 4;
/** What one pass reads. The rest waits for the next, so that a swap comes soon after what it was planned from. */
const PASS_BYTES = 256 << 20;
/** Of one file: its removals are listed in a commit. */
const GROUP_FILES = 4000;
const DAY_MS = 86_400_000;

/**
 * Which files to merge now, days with the most files first. Only files of similar sizes are merged, so that a row
 * is written again a few times at most (about the logarithm of its day's bytes), however files trickle in.
 */
export function planCompaction(
  files: readonly ManifestFile[],
  nowUnixMs: number,
): CompactionGroup[] {
  const groups = [...byPartition(files).values()]
    .flatMap((partition) => groupOf(partition, nowUnixMs) ?? [])
    .toSorted((left, right) => right.files.length - left.files.length);
  let bytes = 0;
  return groups.filter((group) => {
    bytes += sizeOf(group.files);
    return bytes <= PASS_BYTES;
  });
}

interface Partition {
  readonly kind: FileKind;
  readonly day: number;
  readonly files: ManifestFile[];
}

function byPartition(files: readonly ManifestFile[]): Map<string, Partition> {
  const partitions = new Map<string, Partition>();
  for (const file of files) {
    const day = parseLakeKey(file.key)?.day;
    if (day === undefined || file.sizeBytes >= FULL_BYTES) continue;
    const name = `${file.kind} ${day} ${file.rowVersion}`;
    const partition = partitions.get(name) ?? { kind: file.kind, day, files: [] };
    partition.files.push(file);
    partitions.set(name, partition);
  }
  return partitions;
}

function groupOf({ kind, day, files }: Partition, nowUnixMs: number): CompactionGroup | undefined {
  const isOver = nowUnixMs >= (day + 1) * DAY_MS + DAY_OVER_AFTER_MS;
  const filesMin = isOver ? PAST_DAY_FILES : OPEN_DAY_FILES;
  const chosen = runsOfSimilarFiles(files).find((run) => run.length >= filesMin);
  return chosen && { kind, day, files: chosen };
}

/** The files in runs of similar size, each of them small enough for one file. */
function runsOfSimilarFiles(files: readonly ManifestFile[]): ManifestFile[][] {
  const runs: ManifestFile[][] = [];
  let bytes = 0;
  for (const file of files.toSorted((left, right) => left.sizeBytes - right.sizeBytes)) {
    const run = runs.at(-1);
    const smallest = run?.[0]?.sizeBytes ?? 0;
    const fits = bytes + file.sizeBytes <= FULL_BYTES && (run?.length ?? 0) < GROUP_FILES;
    if (run !== undefined && fits && file.sizeBytes <= SIZE_RATIO * smallest) {
      run.push(file);
      bytes += file.sizeBytes;
    } else {
      runs.push([file]);
      bytes = file.sizeBytes;
    }
  }
  return runs;
}

function sizeOf(files: readonly ManifestFile[]): number {
  return files.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
}
