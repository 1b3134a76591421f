import { link, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { makeFolderDurably, writeDurably } from "./durable-file.ts";
import { errnoCode, fileStoreError, isMissingFile } from "./file-error.ts";
import { listFolder } from "./list-folder.ts";
import { assertObjectKey } from "./object-key.ts";
import type {
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoreCallOptions,
} from "./object-store.ts";
import { removeUnfinishedFiles } from "./remove-unfinished-files.ts";
import { ifAbsentUnsupported, objectMissing } from "./store-error.ts";

/** What link(2) answers on a file system without hard links (FAT, some network mounts). */
const NO_HARD_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/**
 * Opens a folder as a store, making it when it does not exist, and removes what a crashed writer left
 * unfinished. Several processes may have the same folder open.
 */
export async function openFileStore(
  folder: string,
  now: () => Date = () => new Date(),
): Promise<ObjectStore> {
  const root = resolve(folder);
  try {
    await makeFolderDurably(root);
    await removeUnfinishedFiles(root, now());
  } catch (error) {
    throw fileStoreError(error, `open the lake folder ${root}`);
  }
  return new FileStore(root);
}

class FileStore implements ObjectStore {
  readonly description: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.description = `folder ${root}`;
  }

  localPath(key: string): string {
    assertObjectKey(key);
    return join(this.#root, ...key.split("/"));
  }

  async put(
    key: string,
    body: Uint8Array,
    options: PutOptions = {},
  ): Promise<"created" | "exists"> {
    const { signal, ifAbsent } = options;
    signal?.throwIfAborted();
    const path = this.localPath(key);
    try {
      await makeFolderDurably(dirname(path));
      return await writeDurably(path, body, {
        signal,
        publish: async (unfinished) => {
          if (ifAbsent === true) return await this.#linkOnce(unfinished, path);
          await rename(unfinished, path);
          return "created";
        },
      });
    } catch (error) {
      throw callError(error, `write ${path}`, signal);
    }
  }

  /** link(2) fails when the name is taken, so one of many concurrent writers wins. */
  async #linkOnce(unfinished: string, path: string): Promise<"created" | "exists"> {
    try {
      await link(unfinished, path);
      return "created";
    } catch (error) {
      const code = errnoCode(error);
      if (code === "EEXIST") return "exists";
      if (NO_HARD_LINKS.has(code)) throw ifAbsentUnsupported(this.description, { cause: error });
      throw error;
    }
  }

  async get(key: string, options: StoreCallOptions = {}): Promise<Uint8Array> {
    const { signal } = options;
    signal?.throwIfAborted();
    const path = this.localPath(key);
    try {
      return await readFile(path, { signal });
    } catch (error) {
      if (isMissingFile(error) || errnoCode(error) === "EISDIR")
        throw objectMissing(key, this.description);
      throw callError(error, `read ${path}`, signal);
    }
  }

  async head(key: string, options: StoreCallOptions = {}): Promise<ObjectInfo | undefined> {
    options.signal?.throwIfAborted();
    const path = this.localPath(key);
    try {
      const file = await stat(path);
      if (!file.isFile()) return undefined;
      return { key, sizeBytes: file.size, modifiedAt: file.mtime };
    } catch (error) {
      if (isMissingFile(error)) return undefined;
      throw fileStoreError(error, `read ${path}`);
    }
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    const { startAfter = "", signal } = options;
    signal?.throwIfAborted();
    try {
      for await (const info of listFolder(this.#root, { prefix, startAfter })) {
        signal?.throwIfAborted();
        yield info;
      }
    } catch (error) {
      throw fileStoreError(error, `list ${this.#root}`);
    }
  }

  async delete(keys: readonly string[], options: StoreCallOptions = {}): Promise<void> {
    const paths = keys.map((key) => this.localPath(key));
    for (const path of paths) {
      options.signal?.throwIfAborted();
      try {
        await rm(path, { force: true });
      } catch (error) {
        if (!isMissingFile(error)) throw fileStoreError(error, `delete ${path}`);
      }
    }
  }

  async close(): Promise<void> {
    // every call closes the files it opened
  }
}

/** An aborted call rejects with its signal's reason, whatever the file system made of it. */
function callError(error: unknown, action: string, signal: AbortSignal | undefined): unknown {
  return signal?.aborted === true ? signal.reason : fileStoreError(error, action);
}
