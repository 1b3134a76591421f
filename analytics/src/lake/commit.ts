import { LensError } from "@lensai/otel-config/errors";
import type { AppendOptions } from "./append.ts";
import { dayOf, lakeKey } from "./layout.ts";
import { parseManifest, serialiseManifest } from "./manifest.ts";
import type { ManifestCommit, ManifestFile } from "./manifest.ts";
import type { Lake } from "./open-lake.ts";
import { readNewestCheckpoint } from "./read-checkpoint.ts";

/** How far back a landing looks for its own commit. Nobody keeps a segment longer. */
const MAX_DAYS_BACK = 400;

export interface EarlierCommit {
  readonly key: string;
  /** undefined when the commit was cut off while it was written: it is then written again at `key`. */
  readonly commit: ManifestCommit | undefined;
}

/**
 * Looks for the commit of a landing of which `files` (at least one) were there before this try. A commit
 * lies under the day of its landing, which need not be today: the files' own times say how far to look
 * back. A day more on both sides covers clocks that differ from the store's. One that was deleted is in a
 * checkpoint.
 */
export async function findEarlierCommit(
  lake: Lake,
  files: readonly ManifestFile[],
  options: AppendOptions,
): Promise<EarlierCommit | undefined> {
  return (await findCommit(lake, files, options)) ?? (await findInCheckpoint(lake, files, options));
}

async function findCommit(
  { store, region }: Lake,
  files: readonly ManifestFile[],
  { name, landedAt, signal }: AppendOptions,
): Promise<EarlierCommit | undefined> {
  const call = signal === undefined ? {} : { signal };
  let earliest = landedAt.getTime();
  let latest = earliest;
  for (const { key } of files) {
    const writtenAt = (await store.head(key, call))?.modifiedAt.getTime() ?? earliest;
    earliest = Math.min(earliest, writtenAt);
    latest = Math.max(latest, writtenAt);
  }
  const lastDay = dayOf(new Date(latest)) + 1;
  const firstDay = Math.max(dayOf(new Date(earliest)) - 1, lastDay - MAX_DAYS_BACK, 0);
  for (let day = firstDay; day <= lastDay; day += 1) {
    const key = lakeKey({ kind: "manifest", region, day, name });
    if ((await store.head(key, call)) === undefined) continue;
    return { key, commit: parseIfWhole(await store.get(key, call), key) };
  }
  return undefined;
}

/** As it was committed, except for files that compaction has replaced since: these as they are now. */
async function findInCheckpoint(
  lake: Lake,
  files: readonly ManifestFile[],
  { name, landedAt }: AppendOptions,
): Promise<EarlierCommit | undefined> {
  const checkpoint = await readNewestCheckpoint(lake, landedAt.getTime());
  if (checkpoint?.names.has(name) !== true) return undefined;
  const counting = new Map(checkpoint.add.map((file) => [file.key, file]));
  const key = lakeKey({ kind: "manifest", region: lake.region, day: dayOf(landedAt), name });
  const { formatVersion, committedAt, region } = checkpoint;
  const add = files.map((file) => counting.get(file.key) ?? file);
  return { key, commit: { formatVersion, name, committedAt, region, add, remove: [] } };
}

/**
 * Writes a commit unless it is there: then the stored one is given back. One that a store without atomic
 * puts cut off is written again, in its place.
 */
export async function commitOnce(
  { store, region }: Lake,
  commit: ManifestCommit,
  options: AppendOptions & { readonly unfinishedKey: string | undefined },
): Promise<ManifestCommit> {
  const { name, landedAt, signal, unfinishedKey } = options;
  const call = signal === undefined ? {} : { signal };
  const day = dayOf(landedAt);
  const key = unfinishedKey ?? lakeKey({ kind: "manifest", region, day, name });
  const body = serialiseManifest(commit);
  if ((await store.put(key, body, { ...call, ifAbsent: true })) === "created") return commit;
  const stored = parseIfWhole(await store.get(key, call), key);
  if (stored !== undefined) return stored;
  await store.put(key, body, call);
  return commit;
}

function parseIfWhole(body: Uint8Array, key: string): ManifestCommit | undefined {
  try {
    return parseManifest(body, key);
  } catch (error) {
    if (error instanceof LensError && error.code === "lake.file_corrupt") return undefined;
    throw error;
  }
}
