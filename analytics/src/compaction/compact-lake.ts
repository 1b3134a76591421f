import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import type { DuckDb } from "../duckdb/connect.ts";
import { lakeKey } from "../lake/layout.ts";
import type { LocalFiles } from "../lake/local-files.ts";
import type { ManifestCommit, ManifestFile } from "../lake/manifest.ts";
import type { Lake } from "../lake/open-lake.ts";
import type { LakeIndex } from "../lake/read-manifest.ts";
import { checkpointLake } from "./checkpoint-lake.ts";
import { foldGroups } from "./fold-corrections.ts";
import { mergeFiles } from "./merge-files.ts";
import { mergedName } from "./merged-name.ts";
import { planCompaction } from "./plan-compaction.ts";
import type { CompactionGroup } from "./plan-compaction.ts";
import { commitSwap, nextSwapNumber, swapName } from "./swap-log.ts";
import { sweepLake } from "./sweep-lake.ts";

export interface CompactionOptions {
  readonly lake: Lake;
  readonly files: LocalFiles;
  /** With room to sort (`tempDirectory`): a file of 64 MB is a gigabyte of columns. */
  readonly duckDb: DuckDb;
  /** The index of the lake, with all that was committed until now. */
  readonly freshIndex: () => Promise<LakeIndex>;
  /** For files on their way: exists, and belongs to this pass. */
  readonly workFolder: string;
  readonly now: () => Date;
  /** Eight hex digits, different in every call. */
  readonly runId: () => string;
  /** Which files to merge; whatever it chooses, the same rows count. */
  readonly plan?: typeof planCompaction;
  /** How many commits make a checkpoint worth while. */
  readonly commitsMin?: number;
}

export interface CompactionOutcome {
  /** Files whose rows are in larger ones now, and how many those are. */
  readonly merged: number;
  readonly written: number;
  /** Files that were deleted, of earlier passes for the most part. */
  readonly deleted: number;
  /** Commits that need not be read any more, and how many were deleted. */
  readonly checkpointed: number;
  readonly forgotten: number;
}

/** A process that slept so long between plan and swap finds files gone that it names: it gives up instead. */
const PASS_MS_MAX = 3_600_000;

/**
 * Puts the rows of small files into few sorted ones; where there is nothing to merge, what is known better about the
 * rows of a settled day into the rows themselves. Deletes what was replaced a minute ago or longer, and writes
 * down what all commits say together (checkpoint-lake.ts). The
 * same rows count before and after, at every moment and wherever it is cut off: files are put first, one commit
 * exchanges them, and old files go later. Safe to run twice at the same time: one of the two swaps counts.
 *
 * Rejects with the LensError of the store or of a file that is not what was committed; then it can be called again.
 */
export async function compactLake(options: CompactionOptions): Promise<CompactionOutcome> {
  const { lake, freshIndex, now, plan = planCompaction } = options;
  const index = await freshIndex();
  const startedAt = now();
  const swapNumber = nextSwapNumber(index);
  const planned = plan(index.allFiles(), startedAt.getTime());
  const groups =
    planned.length > 0 ? planned : await foldGroups(index.allFiles(), startedAt.getTime(), options);
  const written =
    groups.length > 0 ? await swap(options, { groups, swapNumber, startedAt }) : undefined;
  const isSwapped = written !== undefined;
  // Nothing was ever removed before the first swap.
  const deleted = swapNumber === 1 ? 0 : await sweepLake(lake, index, now().getTime());
  const { commitsMin } = options;
  const commits = await checkpointLake({
    lake,
    // With its own swap in it.
    index: isSwapped ? await freshIndex() : index,
    now: now(),
    ...(commitsMin !== undefined && { commitsMin }),
  });
  if (!isSwapped) return { merged: 0, written: 0, deleted, ...commits };
  const merged = groups.reduce((count, { files }) => count + files.length, 0);
  return { merged, written, deleted, ...commits };
}

interface Pass {
  readonly groups: readonly CompactionGroup[];
  readonly swapNumber: number;
  readonly startedAt: Date;
}

/** Gives the number of files that took the place of others; undefined when none were exchanged. */
async function swap(options: CompactionOptions, pass: Pass): Promise<number | undefined> {
  const { lake, now } = options;
  const add = await writeMerged(options, pass);
  const committedAt = now();
  const isTooLate = committedAt.getTime() - pass.startedAt.getTime() > PASS_MS_MAX;
  const commit: ManifestCommit = {
    formatVersion: 1,
    name: swapName(pass.swapNumber),
    committedAt: committedAt.toISOString(),
    region: lake.region,
    add,
    remove: pass.groups.flatMap(({ files }) => files.map(({ key }) => key)),
  };
  if (!isTooLate && (await commitSwap(lake, commit))) return add.length;
  await lake.store.delete(add.map(({ key }) => key));
  return undefined;
}

async function writeMerged(options: CompactionOptions, pass: Pass): Promise<ManifestFile[]> {
  const { lake, files, duckDb, workFolder } = options;
  const runId = options.runId();
  const written: ManifestFile[] = [];
  for (const [position, group] of pass.groups.entries()) {
    const name = mergedName(pass.swapNumber, runId, position);
    const output = join(workFolder, `${name}.parquet`);
    const { kind, corrections = [], foldedInto } = group;
    // Nothing is left that they could be about.
    if (foldedInto?.length === 0) continue;
    const others = [...corrections, ...(foldedInto ?? [])];
    const rows = await files.use([...group.files, ...others], async (paths) => {
      for (const [at, file] of group.files.entries()) await verify(file, paths[at] as string);
      const inputs = paths.slice(0, group.files.length);
      const beside = paths.slice(group.files.length);
      const use = kind === "corrections" ? { foldedInto: beside } : { corrections: beside };
      return await mergeFiles(duckDb, { kind, inputs, output, ...use });
    });
    const body = await readFile(output);
    if (rows === 0) continue;
    const file = describeMerged(group, { name, region: lake.region, rows, body });
    await lake.store.put(file.key, body, { ifAbsent: true });
    await rm(output);
    written.push(file);
  }
  return written;
}

/** Rows are only given up for a copy of what was committed. */
async function verify(file: ManifestFile, path: string): Promise<void> {
  const sha256 = createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
  if (sha256 === file.sha256) return;
  throw new LensError(
    "lake.file_corrupt",
    `${file.key} is not the file that was committed: its sha256 is ${sha256}, the manifest says ${file.sha256}`,
  );
}

interface Merged {
  readonly name: string;
  readonly region: string;
  readonly rows: number;
  readonly body: Uint8Array;
}

/** All rows of the group are in it (or those that stay) and no others, so what the manifest says of them holds for it together. */
function describeMerged(
  group: CompactionGroup,
  { name, region, rows, body }: Merged,
): ManifestFile {
  const { kind, day, files, foldedInto } = group;
  const committed = files.reduce((sum, file) => sum + file.rows, 0);
  if (rows !== committed && foldedInto === undefined) {
    throw new LensError(
      "lake.file_corrupt",
      `files of ${kind} hold ${rows} rows, and the manifest says ${committed}`,
    );
  }
  const times = files.map(({ minStartTime }) => minStartTime).toSorted();
  const ends = files.map(({ maxStartTime }) => maxStartTime).toSorted();
  return {
    key: lakeKey({ kind, region, day, name }),
    kind,
    sha256: createHash("sha256").update(body).digest("hex"),
    sizeBytes: body.length,
    rows,
    minStartTime: times[0] as string,
    maxStartTime: ends.at(-1) as string,
    projects: [...new Set(files.flatMap(({ projects }) => projects))].toSorted(),
    rowVersion: files[0]?.rowVersion as number,
  };
}
