import { createHash } from "node:crypto";
import { LensError } from "@lensai/otel-config/errors";
import type { ObjectStore } from "../object-store/object-store.ts";
import { readFooter } from "../parquet/read-footer.ts";
import type { ManifestFile } from "./manifest.ts";
import { mapLimited } from "./map-limited.ts";

/** A file that is not what its commit says; `what` is the end of a sentence about it. */
export interface FileFault {
  readonly key: string;
  readonly what: string;
}

/** Whole files are in memory meanwhile. */
const FILES_AT_ONCE = 4;

/** Reads every file whole and compares it with its commit: size, SHA-256, and the rows of its footer. */
export async function checkFiles(
  store: ObjectStore,
  files: readonly ManifestFile[],
): Promise<FileFault[]> {
  const found = await mapLimited(files, FILES_AT_ONCE, async (file) => {
    const what = faultOf(file, await bodyOf(store, file.key));
    return what === undefined ? [] : [{ key: file.key, what }];
  });
  return found.flat();
}

async function bodyOf(store: ObjectStore, key: string): Promise<Uint8Array | undefined> {
  try {
    return await store.get(key);
  } catch (error) {
    if (error instanceof LensError && error.code === "lake.object_missing") return undefined;
    throw error;
  }
}

function faultOf(file: ManifestFile, body: Uint8Array | undefined): string | undefined {
  if (body === undefined) return "is missing";
  if (body.length !== file.sizeBytes) {
    return `has ${body.length} bytes, its commit says ${file.sizeBytes}`;
  }
  const sha256 = createHash("sha256").update(body).digest("hex");
  if (sha256 !== file.sha256)
    return `has other bytes than were committed: its SHA-256 is ${sha256}`;
  const rows = readFooter(body)?.rows;
  return rows === file.rows
    ? undefined
    : `has ${rows ?? "no readable"} rows, its commit says ${file.rows}`;
}
