import { mkdir, readFile, readdir, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fileStoreError } from "../../src/object-store/file-error.ts";
import { openFileStore } from "../../src/object-store/file-store.ts";
import { describeObjectStore, keysUnder } from "../object-store.contract.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import type { TemporaryFolder } from "../temporary-folder.ts";

describeObjectStore("folder", {
  manyObjects: 1100,
  open: async () => {
    const folder = await temporaryFolder();
    return {
      store: await openFileStore(folder.path),
      sameObjects: await openFileStore(folder.path),
      close: () => folder.remove(),
    };
  },
});

const body = new TextEncoder().encode("body");

describe("file store", () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(async () => {
    await folder.remove();
  });

  test("makes its folder, and says where an object lies", async () => {
    const root = join(folder.path, "not", "there yet");
    const store = await openFileStore(root);
    await store.put("a/b", body);
    expect(store.localPath?.("a/b")).toBe(join(root, "a", "b"));
    expect(await readFile(join(root, "a", "b"))).toEqual(Buffer.from(body));
  });

  test("leaves nothing but the object behind, whoever wins", async () => {
    const root = join(folder.path, "tidy");
    const store = await openFileStore(root);
    await store.put("a/b", body, { ifAbsent: true });
    await store.put("a/b", body, { ifAbsent: true });
    await store.put("a/b", body);
    await expect(store.put("a/b/c", body)).rejects.toMatchObject({ code: "lake.store_refused" });
    expect(await readdir(root, { recursive: true })).toEqual(["a", join("a", "b")]);
  });

  test("hides what a crashed writer left, and removes it at open once it is an hour old", async () => {
    const root = join(folder.path, "crashed");
    await mkdir(join(root, "dt=1"), { recursive: true });
    const old = join(root, "dt=1", ".unfinished-old");
    const young = join(root, "dt=1", ".unfinished-young");
    await writeFile(old, "half");
    await writeFile(young, "half");
    const now = new Date();
    await utimes(old, now, new Date(now.getTime() - 61 * 60_000));
    await utimes(young, now, new Date(now.getTime() - 59 * 60_000));
    const store = await openFileStore(root, () => now);
    expect(await keysUnder(store, "")).toEqual([]);
    expect(await readdir(join(root, "dt=1"))).toEqual([".unfinished-young"]);
  });

  test("lists through a linked folder, as content on another disk would be", async () => {
    const root = join(folder.path, "linked");
    await mkdir(join(folder.path, "other-disk"));
    const store = await openFileStore(root);
    await symlink(join(folder.path, "other-disk"), join(root, "content"));
    await store.put("content/v1/a", body, { ifAbsent: true });
    expect((await stat(join(folder.path, "other-disk", "v1", "a"))).size).toBe(4);
    expect(await keysUnder(store, "content/")).toEqual(["content/v1/a"]);
  });

  test("is refused at open when the path leads through a file", async () => {
    await writeFile(join(folder.path, "a-file"), "");
    await expect(openFileStore(join(folder.path, "a-file", "lake"))).rejects.toMatchObject({
      code: "lake.store_refused",
      message: expect.stringContaining("ENOTDIR"),
    });
  });

  test("writes nothing when the signal is aborted while it writes", async () => {
    const store = await openFileStore(join(folder.path, "aborted"));
    const abort = new AbortController();
    const reason = new Error("stopping");
    const put = store.put("a/large", new Uint8Array(32 << 20), { signal: abort.signal });
    abort.abort(reason);
    await expect(put).rejects.toBe(reason);
    expect(await readdir(join(folder.path, "aborted", "a"))).toEqual([]);
  });

  test.each([
    { errno: "ENOSPC", code: "lake.store_unavailable", retryable: true, advice: "free some space" },
    { errno: "EDQUOT", code: "lake.store_unavailable", retryable: true, advice: "free some space" },
    { errno: "EIO", code: "lake.store_unavailable", retryable: true, advice: "EIO" },
    { errno: "EMFILE", code: "lake.store_unavailable", retryable: true, advice: "open files" },
    { errno: "EACCES", code: "lake.store_refused", retryable: false, advice: "access to" },
    { errno: "EPERM", code: "lake.store_refused", retryable: false, advice: "access to" },
    { errno: "EROFS", code: "lake.store_refused", retryable: false, advice: "mount it writable" },
  ])("reports $errno as $code (retryable: $retryable)", ({ errno, code, retryable, advice }) => {
    const cause = Object.assign(new Error(errno), { code: errno });
    expect(fileStoreError(cause, "write /lake/a")).toMatchObject({
      code,
      retryable,
      message: expect.stringContaining(advice),
    });
  });

  test("passes on what is not the file system's error", () => {
    const error = new TypeError("a bug");
    expect(fileStoreError(error, "write /lake/a")).toBe(error);
  });
});
