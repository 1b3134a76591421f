import { createHash } from "node:crypto";
import { SPAN_ROW_VERSION } from "@lensai/otel-config/span-row/columns";
import type { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { CORRECTION_NAMES } from "../corrections/correction.ts";
import type { Correction } from "../corrections/correction.ts";
import { readFooter } from "../parquet/read-footer.ts";
import { encodeParquet } from "../parquet/write-parquet.ts";
import { commitOnce, findEarlierCommit } from "./commit.ts";
import { lakeKey } from "./layout.ts";
import type { ManifestCommit, ManifestFile } from "./manifest.ts";
import { mapLimited } from "./map-limited.ts";
import type { Lake } from "./open-lake.ts";
import { describeRows, splitCorrections, splitRows } from "./split-rows.ts";
import type { FilePart } from "./split-rows.ts";

export interface AppendOptions {
  /**
   * Names the landing for ever: the same rows must come back under the same name, and other rows never.
   * `<instance>-<zero-padded number>`, so that the commits of a writer sort in landing order.
   */
  readonly name: string;
  readonly landedAt: Date;
  /** Verdicts on rows that landed before, which change in the same moment. */
  readonly corrections?: readonly Correction[];
  readonly signal?: AbortSignal;
}

/**
 * Files of one landing that are on their way at the same time: late data can touch many days. In a local
 * folder each of them holds one of the process's four file system threads while it is flushed, and the
 * write-ahead log needs one at any time.
 */
const PARALLEL_PUTS = 2;

/** Footer keys of our files: by them a file from an earlier try is recognised. */
const NAME_KEY = "lensai.name";
const ROW_VERSION_KEY = "lensai.row_version";

interface WrittenPart {
  readonly file: ManifestFile;
  /** Of a file that was there before this try; undefined for one that is new. */
  readonly body: Uint8Array | undefined;
}

/**
 * Lands a batch: one file per day and kind, then one commit that makes all of them count at once. Rows
 * count exactly once however often this is called with the same rows and name, wherever an earlier call
 * was cut off, and whichever of its requests were carried out in spite of an error. An empty batch
 * without corrections commits nothing and gives undefined.
 *
 * Rejects with the store's LensError; the call can then be made again. It returns the commit that counts,
 * which is an earlier one when the rows had landed already.
 */
export async function appendRows(
  lake: Lake,
  batch: RowBatch,
  options: AppendOptions,
): Promise<ManifestCommit | undefined> {
  const parts = [...splitRows(batch), ...splitCorrections(options.corrections ?? [])];
  if (parts.length === 0) return undefined;
  const written = await mapLimited(parts, PARALLEL_PUTS, (part) => writePart(lake, part, options));
  const leftovers = written.filter(({ body }) => body !== undefined);
  const earlier =
    leftovers.length === 0
      ? undefined
      : await findEarlierCommit(
          lake,
          leftovers.map(({ file }) => file),
          options,
        );
  if (earlier?.commit !== undefined) return earlier.commit;
  const add = await mapLimited(written, PARALLEL_PUTS, (part) => settlePart(lake, part, options));
  const commit: ManifestCommit = {
    formatVersion: 1,
    name: options.name,
    committedAt: options.landedAt.toISOString(),
    region: lake.region,
    add,
    remove: [],
  };
  return await commitOnce(lake, commit, { ...options, unfinishedKey: earlier?.key });
}

async function writePart(
  { store, region }: Lake,
  { kind, batch, day, rows, columns }: FilePart,
  options: AppendOptions,
): Promise<WrittenPart> {
  const { name, signal } = options;
  const key = lakeKey({ kind, region, day, name });
  const body = encodeParquet(batch, {
    rows,
    columns,
    names: kind === "corrections" ? CORRECTION_NAMES : {},
    metadata: { [NAME_KEY]: name, [ROW_VERSION_KEY]: String(SPAN_ROW_VERSION) },
  });
  const outcome = await store.put(key, body, { ifAbsent: true, ...(signal && { signal }) });
  const file: ManifestFile = {
    key,
    kind,
    ...digest(body),
    ...describeRows(batch, rows),
    rowVersion: SPAN_ROW_VERSION,
  };
  return { file, body: outcome === "exists" ? body : undefined };
}

/**
 * Decides about a file that an earlier try left and no commit names. A whole file of the same landing
 * stays, though another version of this program may have written other bytes for the same rows; anything
 * else was cut off while a store without atomic puts wrote it, and is replaced.
 */
async function settlePart(
  { store }: Lake,
  { file, body }: WrittenPart,
  { name, signal }: AppendOptions,
): Promise<ManifestFile> {
  if (body === undefined) return file;
  const call = signal === undefined ? {} : { signal };
  const stored = await store.get(file.key, call);
  const footer = readFooter(stored);
  if (footer?.metadata[NAME_KEY] === name && footer.rows === file.rows) {
    return {
      ...file,
      ...digest(stored),
      rowVersion: Number(footer.metadata[ROW_VERSION_KEY] ?? file.rowVersion),
    };
  }
  await store.put(file.key, body, call);
  return file;
}

function digest(body: Uint8Array): { sha256: string; sizeBytes: number } {
  return { sha256: createHash("sha256").update(body).digest("hex"), sizeBytes: body.length };
}
