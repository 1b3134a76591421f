import { isDeepStrictEqual } from "node:util";
import { LensError } from "@lensai/otel-config/errors";
import { SWAP_DAY, lakeKey } from "../lake/layout.ts";
import { parseManifest, serialiseManifest } from "../lake/manifest.ts";
import type { ManifestCommit } from "../lake/manifest.ts";
import type { Lake } from "../lake/open-lake.ts";
import type { LakeIndex } from "../lake/read-manifest.ts";

/**
 * Swaps are numbered without gaps, under one day. Whoever commits number n has taken in all before it, and a
 * conditional put lets one of those who try have it: so no two swaps ever remove the same file.
 */
export function swapName(number: number): string {
  return `compact-${String(number).padStart(10, "0")}`;
}

/** The first number that the index has no swap of. */
export function nextSwapNumber(index: Pick<LakeIndex, "hasCommit">): number {
  let number = 1;
  while (index.hasCommit(swapName(number))) number += 1;
  return number;
}

/**
 * Commits a swap. False: another one has its number, and what this one wrote counts for nothing. When it rejects,
 * the swap may count all the same.
 */
export async function commitSwap({ store, region }: Lake, swap: ManifestCommit): Promise<boolean> {
  const key = lakeKey({ kind: "manifest", region, day: SWAP_DAY, name: swap.name });
  const body = serialiseManifest(swap);
  if ((await store.put(key, body, { ifAbsent: true })) === "created") return true;
  const stored = readIfWhole(await store.get(key), key);
  if (stored !== undefined) {
    // Its own, put by a call that seemed to fail, or one that says the same.
    return isDeepStrictEqual(keysOf(stored), keysOf(swap));
  }
  // Cut off while a store without atomic puts wrote it.
  await store.put(key, body);
  return true;
}

const keysOf = ({ add, remove }: ManifestCommit): readonly (readonly string[])[] => [
  add.map(({ key }) => key),
  remove,
];

function readIfWhole(body: Uint8Array, key: string): ManifestCommit | undefined {
  try {
    return parseManifest(body, key);
  } catch (error) {
    if (error instanceof LensError && error.code === "lake.file_corrupt") return undefined;
    throw error;
  }
}
