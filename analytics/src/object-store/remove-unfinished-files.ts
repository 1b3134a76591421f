import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMissingFile } from "./file-error.ts";
import { UNFINISHED_PREFIX } from "./object-key.ts";

/**
 * Another process may be writing into the same folder: what is younger than this may still be finished.
 * Far above the time that any put takes.
 */
const UNFINISHED_MAX_AGE_MS = 60 * 60 * 1000;

/** Removes the files that a crashed writer left behind, in every folder below `folder`. */
export async function removeUnfinishedFiles(folder: string, now: Date): Promise<void> {
  const bornBefore = now.getTime() - UNFINISHED_MAX_AGE_MS;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.startsWith(UNFINISHED_PREFIX)) continue;
    const path = join(entry.parentPath, entry.name);
    try {
      if ((await stat(path)).mtimeMs < bornBefore) await rm(path);
    } catch (error) {
      if (!isMissingFile(error)) throw error;
    }
  }
}
