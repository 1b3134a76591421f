import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMissingFile } from "./file-error.ts";
import { UNFINISHED_PREFIX, compareKeys } from "./object-key.ts";
import type { ObjectInfo } from "./object-store.ts";

interface Range {
  readonly prefix: string;
  readonly startAfter: string;
}

/**
 * The files below `root` as objects in key order. Only folders that can hold a wanted key are read, and
 * only wanted files are looked at. Files that vanish meanwhile are left out.
 *
 * @yields one object
 */
export async function* listFolder(
  root: string,
  range: Range,
  folderKey = "",
): AsyncGenerator<ObjectInfo> {
  for (const name of await wantedNames(root, range, folderKey)) {
    const key = folderKey + name;
    if (key.endsWith("/")) {
      yield* listFolder(root, range, key);
      continue;
    }
    const file = await stat(join(root, key)).catch(missingAsUndefined);
    if (file !== undefined) yield { key, sizeBytes: file.size, modifiedAt: file.mtime };
  }
}

/**
 * What a folder holds that can be wanted, in key order. Folders end with a slash, which puts what is in
 * them where the byte order of whole keys wants it (`a-b` before `a/b`).
 */
async function wantedNames(root: string, range: Range, folderKey: string): Promise<string[]> {
  const folder = join(root, folderKey);
  const entries = (await readdir(folder, { withFileTypes: true }).catch(missingAsUndefined)) ?? [];
  const names: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(UNFINISHED_PREFIX)) continue;
    const isFolder = entry.isSymbolicLink()
      ? await leadsToFolder(join(folder, entry.name))
      : entry.isDirectory();
    const name = isFolder ? `${entry.name}/` : entry.name;
    if (canMatch(folderKey + name, range)) names.push(name);
  }
  return names.sort(compareKeys);
}

/** A link to a folder counts as one: content may be kept on another disk. */
async function leadsToFolder(path: string): Promise<boolean> {
  const target = await stat(path).catch(missingAsUndefined);
  return target?.isDirectory() === true;
}

/** Can the key, or one below it when it is a folder, be wanted? */
function canMatch(key: string, { prefix, startAfter }: Range): boolean {
  if (!key.endsWith("/")) return key.startsWith(prefix) && compareKeys(key, startAfter) > 0;
  const holdsPrefix = key.startsWith(prefix) || prefix.startsWith(key);
  return holdsPrefix && (compareKeys(key, startAfter) > 0 || startAfter.startsWith(key));
}

function missingAsUndefined(error: unknown): undefined {
  if (!isMissingFile(error)) throw error;
}
