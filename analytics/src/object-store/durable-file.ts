import { randomUUID } from "node:crypto";
import { mkdir, open, rm } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { UNFINISHED_PREFIX } from "./object-key.ts";

/**
 * Writes a body beside its final place, flushes it, and lets `publish` give it its name (link or rename).
 * Afterwards the folder is flushed too, so that the name survives a power cut. A crash leaves at most a
 * file whose name starts with UNFINISHED_PREFIX.
 */
export async function writeDurably<T>(
  path: string,
  body: Uint8Array,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly publish: (unfinished: string) => Promise<T>;
  },
): Promise<T> {
  const folder = dirname(path);
  const unfinished = join(folder, `${UNFINISHED_PREFIX}${randomUUID()}`);
  try {
    const file = await open(unfinished, "wx");
    try {
      await file.writeFile(body, { signal: options.signal });
      await file.datasync();
    } finally {
      await file.close();
    }
    options.signal?.throwIfAborted();
    const outcome = await options.publish(unfinished);
    await syncFolder(folder);
    return outcome;
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Makes a folder and what leads to it, and flushes every folder that got a new entry. */
export async function makeFolderDurably(folder: string): Promise<void> {
  const firstMade = await mkdir(folder, { recursive: true });
  if (firstMade === undefined) return;
  let parent = dirname(firstMade);
  await syncFolder(parent);
  for (const part of relative(parent, dirname(folder)).split(sep).filter(Boolean)) {
    parent = join(parent, part);
    await syncFolder(parent);
  }
}

/** Flushes a folder's entries. Windows has no such operation: its file systems journal them. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
