import { createHash } from "node:crypto";
import { readFile, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openFileStore } from "../../src/object-store/file-store.ts";
import { MemoryStore } from "../../src/object-store/memory-store.ts";
import { openLocalFiles } from "../../src/lake/local-cache.ts";
import type { LocalFiles } from "../../src/lake/local-files.ts";
import type { ManifestFile } from "../../src/lake/manifest.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import type { TemporaryFolder } from "../temporary-folder.ts";

const FILE_BYTES = 100;

class CountingStore extends MemoryStore {
  readonly fetched: string[] = [];

  override async get(key: string): Promise<Uint8Array> {
    this.fetched.push(key);
    return await super.get(key);
  }
}

let store: CountingStore;
let temporary: TemporaryFolder;
let folder: string;
beforeEach(async () => {
  store = new CountingStore();
  temporary = await temporaryFolder();
  folder = join(temporary.path, "cache");
});
afterEach(async () => {
  await temporary.remove();
});

const open = async (maxFiles = 10): Promise<LocalFiles> =>
  await openLocalFiles({ store, folder, maxBytes: maxFiles * FILE_BYTES });

async function lakeFile(letter: string): Promise<ManifestFile> {
  const body = Buffer.alloc(FILE_BYTES, letter);
  const key = `spans/v1/region=local/dt=2026-11-23/${letter}.parquet`;
  await store.put(key, body);
  return {
    key,
    kind: "spans",
    sha256: createHash("sha256").update(body).digest("hex"),
    sizeBytes: body.length,
    rows: 1,
    minStartTime: "2026-11-23T00:00:00.000000Z",
    maxStartTime: "2026-11-23T00:00:00.000000Z",
    projects: ["project-a"],
    rowVersion: 1,
  };
}

/** The first letters of the files, as a reader finds them. */
async function readLetters(files: LocalFiles, wanted: readonly ManifestFile[]): Promise<string> {
  return await files.use(wanted, async (paths) => {
    const bodies = await Promise.all(paths.map((path) => readFile(path, "utf8")));
    return bodies.map((body) => body[0]).join("");
  });
}

describe("local files", () => {
  test("of a folder store are the store's own files", async () => {
    const folderStore = await openFileStore(join(temporary.path, "lake"));
    const file = await lakeFile("a");
    await folderStore.put(file.key, Buffer.alloc(FILE_BYTES, "a"));
    const files = await openLocalFiles({ store: folderStore, folder, maxBytes: 0 });
    expect(await files.use([file], async (paths) => paths)).toEqual([
      folderStore.localPath?.(file.key),
    ]);
    await expect(readdir(folder)).rejects.toThrow("ENOENT");
  });

  test("of a remote store are fetched once and come in the order asked for", async () => {
    const [a, b] = [await lakeFile("a"), await lakeFile("b")];
    const files = await open();
    expect(await readLetters(files, [b, a, b])).toBe("bab");
    expect(await readLetters(files, [a, b])).toBe("ab");
    expect(store.fetched.toSorted()).toEqual([a.key, b.key]);
  });

  test("are fetched once by readers that come at the same time", async () => {
    const a = await lakeFile("a");
    const files = await open();
    expect(await Promise.all([1, 2, 3].map(() => readLetters(files, [a])))).toEqual([
      "a",
      "a",
      "a",
    ]);
    expect(store.fetched).toHaveLength(1);
  });

  test("stay below the limit, the least recently used going first", async () => {
    const [a, b, c] = [await lakeFile("a"), await lakeFile("b"), await lakeFile("c")];
    const files = await open(2);
    for (const file of [a, b, a, c]) await readLetters(files, [file]);
    expect((await readdir(folder)).toSorted()).toEqual(
      [a, c].map(({ sha256 }) => `${sha256}.parquet`).toSorted(),
    );
  });

  test("exactly at the limit all stay", async () => {
    const wanted = [await lakeFile("a"), await lakeFile("b")];
    await readLetters(await open(2), wanted);
    expect(await readdir(folder)).toHaveLength(2);
  });

  test("stay while a reader uses them, over the limit if need be", async () => {
    const [a, b] = [await lakeFile("a"), await lakeFile("b")];
    const files = await open(0);
    const letters = await files.use([a], async ([path = ""]) => {
      expect(await readLetters(files, [a, b])).toBe("ab");
      return (await readFile(path, "utf8"))[0];
    });
    expect(letters).toBe("a");
    expect(await readdir(folder)).toEqual([]);
  });

  test("survive a restart; what is not the cache's is removed, and the limit holds for the rest", async () => {
    const [a, b] = [await lakeFile("a"), await lakeFile("b")];
    await readLetters(await open(), [a, b]);
    await utimes(join(folder, `${a.sha256}.parquet`), new Date(0), new Date(0));
    await writeFile(join(folder, ".unfinished-x"), "half");
    store.fetched.length = 0;
    const again = await open(1);
    expect(await readdir(folder)).toEqual([`${b.sha256}.parquet`]);
    expect(await readLetters(again, [b])).toBe("b");
    expect(store.fetched).toEqual([]);
  });

  test("are fetched again when somebody removed or cut them", async () => {
    const a = await lakeFile("a");
    const files = await open();
    await readLetters(files, [a]);
    const path = join(folder, `${a.sha256}.parquet`);
    await rm(path);
    expect(await readLetters(files, [a])).toBe("a");
    await writeFile(path, "");
    expect(await readLetters(files, [a])).toBe("a");
    expect(store.fetched).toHaveLength(3);
  });

  test("are refused when they are not what was committed, and may be asked for again", async () => {
    const a = await lakeFile("a");
    await store.put(a.key, Buffer.alloc(FILE_BYTES, "x"));
    const files = await open();
    await expect(readLetters(files, [a])).rejects.toMatchObject({
      code: "lake.file_corrupt",
      message: expect.stringContaining(a.key),
    });
    expect(await readdir(folder)).toEqual([]);
    await lakeFile("a");
    expect(await readLetters(files, [a])).toBe("a");
  });

  test("are not kept by a reader that failed", async () => {
    const a = await lakeFile("a");
    const files = await open(0);
    const failing = files.use([a], async () => await Promise.reject(new Error("query failed")));
    await expect(failing).rejects.toThrow("query failed");
    expect(await readdir(folder)).toEqual([]);
  });
});
