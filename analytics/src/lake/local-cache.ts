import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { writeDurably } from "../object-store/durable-file.ts";
import { fileStoreError } from "../object-store/file-error.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import type { LocalFiles } from "./local-files.ts";
import type { ManifestFile } from "./manifest.ts";
import { mapLimited } from "./map-limited.ts";

export interface LocalCacheOptions {
  readonly store: ObjectStore;
  /** A folder of the cache's own: files in it that are not the cache's are removed. */
  readonly folder: string;
  /** Files no reader is using are removed, least recently used first, to stay below this. */
  readonly maxBytes: number;
}

/** Files of one query fetched at the same time. */
const PARALLEL_FETCHES = 8;
const EXTENSION = ".parquet";
const FILE_NAME = /^[0-9a-f]{64}\.parquet$/;

/**
 * Makes lake files available as local ones. Those of a folder store are used where they are; those of
 * another store are fetched into `folder`, each checked against its sha256 before any reader sees it.
 * The folder survives restarts; one process owns it at a time. What readers use at the same moment may
 * exceed `maxBytes` until they have ended.
 */
export async function openLocalFiles(options: LocalCacheOptions): Promise<LocalFiles> {
  const { store, folder } = options;
  if (store.localPath !== undefined) {
    const paths = (files: readonly ManifestFile[]): string[] =>
      files.map(({ key }) => store.localPath?.(key) ?? key);
    return { use: async (files, run) => await run(paths(files)) };
  }
  try {
    return new LocalCache(options, await readCacheFolder(folder));
  } catch (error) {
    throw fileStoreError(error, `open the cache folder ${folder}`);
  }
}

class LocalCache implements LocalFiles {
  readonly #options: LocalCacheOptions;
  /** Sizes by sha256, least recently used first. */
  readonly #sizes: Map<string, number>;
  readonly #fetching = new Map<string, Promise<void>>();
  /** How many readers use a file, by sha256: such a file stays. */
  readonly #users = new Map<string, number>();
  #totalBytes = 0;

  constructor(options: LocalCacheOptions, sizes: Map<string, number>) {
    this.#options = options;
    this.#sizes = sizes;
    for (const sizeBytes of sizes.values()) this.#totalBytes += sizeBytes;
    this.#evict();
  }

  async use<T>(
    files: readonly ManifestFile[],
    run: (paths: readonly string[]) => Promise<T>,
  ): Promise<T> {
    for (const { sha256 } of files) this.#countUser(sha256, 1);
    try {
      await mapLimited(files, PARALLEL_FETCHES, (file) => this.#provide(file));
      return await run(files.map(({ sha256 }) => this.#path(sha256)));
    } finally {
      for (const { sha256 } of files) this.#countUser(sha256, -1);
      this.#evict();
    }
  }

  #countUser(sha256: string, change: 1 | -1): void {
    const users = (this.#users.get(sha256) ?? 0) + change;
    if (users === 0) this.#users.delete(sha256);
    else this.#users.set(sha256, users);
  }

  async #provide(file: ManifestFile): Promise<void> {
    const { sha256 } = file;
    const underWay = this.#fetching.get(sha256);
    if (underWay !== undefined) return await underWay;
    const providing = this.#fetchUnlessThere(file);
    this.#fetching.set(sha256, providing);
    try {
      await providing;
    } finally {
      this.#fetching.delete(sha256);
    }
  }

  async #fetchUnlessThere(file: ManifestFile): Promise<void> {
    const { sha256, sizeBytes } = file;
    if (!(await this.#isThere(sha256, sizeBytes))) await this.#fetch(file);
    this.#totalBytes += sizeBytes - (this.#sizes.get(sha256) ?? 0);
    this.#sizes.delete(sha256);
    this.#sizes.set(sha256, sizeBytes);
  }

  /** Somebody may have tidied the folder: a look is cheaper than a failed query. */
  async #isThere(sha256: string, sizeBytes: number): Promise<boolean> {
    if (!this.#sizes.has(sha256)) return false;
    const file = await stat(this.#path(sha256)).catch(() => undefined);
    return file?.size === sizeBytes;
  }

  async #fetch({ key, sha256 }: ManifestFile): Promise<void> {
    const body = await this.#options.store.get(key);
    const found = createHash("sha256").update(body).digest("hex");
    if (found !== sha256) {
      throw new LensError(
        "lake.file_corrupt",
        `${key} in ${this.#options.store.description} is not the file that was committed: its sha256 is ${found}, the manifest says ${sha256}`,
      );
    }
    const path = this.#path(sha256);
    try {
      await writeDurably(path, body, { publish: (unfinished) => rename(unfinished, path) });
    } catch (error) {
      throw fileStoreError(error, `write ${path}`);
    }
  }

  /** Synchronous: between the decision and the removal no reader can ask for the file. */
  #evict(): void {
    for (const [sha256, sizeBytes] of this.#sizes) {
      if (this.#totalBytes <= this.#options.maxBytes) return;
      if (this.#users.has(sha256)) continue;
      this.#sizes.delete(sha256);
      this.#totalBytes -= sizeBytes;
      rmSync(this.#path(sha256), { force: true });
    }
  }

  #path(sha256: string): string {
    return join(this.#options.folder, `${sha256}${EXTENSION}`);
  }
}

/** What an earlier process left: whole files in the order they were fetched. Everything else is removed. */
async function readCacheFolder(folder: string): Promise<Map<string, number>> {
  await mkdir(folder, { recursive: true });
  const found: { sha256: string; sizeBytes: number; fetchedAtMs: number }[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!FILE_NAME.test(name)) {
      await rm(path, { recursive: true, force: true });
      continue;
    }
    const { size, mtimeMs } = await stat(path);
    found.push({ sha256: name.slice(0, -EXTENSION.length), sizeBytes: size, fetchedAtMs: mtimeMs });
  }
  found.sort((left, right) => left.fetchedAtMs - right.fetchedAtMs);
  return new Map(found.map(({ sha256, sizeBytes }) => [sha256, sizeBytes]));
}
