import { createHash } from "node:crypto";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { LakeIndex } from "../../src/lake/read-manifest.ts";
import type { ManifestFile } from "../../src/lake/manifest.ts";
import type { Lake } from "../../src/lake/open-lake.ts";

type ParquetRow = Readonly<Record<string, unknown>>;

/** The rows of a lake file, read by another Parquet implementation; checks size, hash and row count. */
export async function readLakeFile(lake: Lake, file: ManifestFile): Promise<ParquetRow[]> {
  const body = await lake.store.get(file.key);
  const sha256 = createHash("sha256").update(body).digest("hex");
  if (sha256 !== file.sha256 || body.length !== file.sizeBytes) {
    throw new Error(`${file.key} is not what its manifest says`);
  }
  const buffer = body.buffer.slice(body.byteOffset, body.byteOffset + body.length) as ArrayBuffer;
  const rows = (await parquetReadObjects({ file: buffer, compressors })) as ParquetRow[];
  if (rows.length !== file.rows) throw new Error(`${file.key} has ${rows.length} rows`);
  return rows;
}

/** The span ids that a reader of the manifest finds, one per row, in ascending order. */
export async function readSpanIds(
  lake: Lake,
  kind: "spans" | "content" = "spans",
): Promise<string[]> {
  const index = await LakeIndex.open(lake);
  const files = index.allFiles().filter((file) => file.kind === kind);
  const rows = await Promise.all(files.map((file) => readLakeFile(lake, file)));
  return rows
    .flat()
    .map((row) => String(row["span_id"]).replace(/^0+/, ""))
    .sort();
}
