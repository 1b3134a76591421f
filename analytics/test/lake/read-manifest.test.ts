import { beforeEach, describe, expect, test } from "vitest";
import { MemoryStore } from "../../src/object-store/memory-store.ts";
import { storeUnavailable } from "../../src/object-store/store-error.ts";
import { appendRows } from "../../src/lake/append.ts";
import { serialiseManifest } from "../../src/lake/manifest.ts";
import type { ManifestCommit } from "../../src/lake/manifest.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import type { Lake } from "../../src/lake/open-lake.ts";
import { LakeIndex } from "../../src/lake/read-manifest.ts";
import { sampleBatch } from "./sample-rows.ts";

const DAY = 20_780;
const DAY_MS = 86_400_000;
const NOON = Date.parse("2026-11-23T12:00:00.000Z");
const HOUR_MICROS = 3_600_000_000n;

/** A memory store that counts what is asked of it. */
class CountingStore extends MemoryStore {
  lists = 0;
  gets = 0;
  failingGets = 0;

  override async get(key: string): Promise<Uint8Array> {
    this.gets += 1;
    this.failingGets -= 1;
    if (this.failingGets >= 0) throw storeUnavailable("busy");
    return await super.get(key);
  }

  override list(prefix: string, options = {}): ReturnType<MemoryStore["list"]> {
    this.lists += 1;
    return super.list(prefix, options);
  }
}

let store: CountingStore;
let lake: Lake;
let nowMs: number;
beforeEach(() => {
  store = new CountingStore();
  lake = openLake({ store, region: "local" });
  nowMs = NOON;
});
const now = (): Date => new Date(nowMs);

async function land(
  name: string,
  row: { project?: string; micros?: bigint; day?: number } = {},
): Promise<void> {
  const batch = sampleBatch([{ spanId: "1", day: DAY, ...row }]);
  await appendRows(lake, batch, { name, landedAt: now() });
}

async function put(commit: Partial<ManifestCommit> & { name: string }, day: string): Promise<void> {
  const whole: ManifestCommit = {
    formatVersion: 1,
    committedAt: now().toISOString(),
    region: "local",
    add: [],
    remove: [],
    ...commit,
  };
  await store.put(
    `manifest/v1/region=local/dt=${day}/${commit.name}.json`,
    serialiseManifest(whole),
  );
}

const names = (commits: readonly ManifestCommit[]): string[] => commits.map(({ name }) => name);
const fileNames = (index: LakeIndex): string[] =>
  index
    .allFiles()
    .map(({ key }) => key.slice(key.lastIndexOf("/") + 1))
    .sort();

describe("lake index", () => {
  test("is empty on an empty lake, and knows of no commit", async () => {
    const index = await LakeIndex.open(lake, now);
    expect(index.allFiles()).toEqual([]);
    expect(index.lastCommittedAt).toBeUndefined();
    expect(await index.refresh()).toEqual([]);
  });

  test("knows every commit at open, however old, of its region only", async () => {
    nowMs = NOON - 300 * DAY_MS;
    await land("c1-1");
    nowMs = NOON;
    await land("c1-2");
    await appendRows({ store, region: "local-2" }, sampleBatch([{ spanId: "9", day: DAY }]), {
      name: "c9-1",
      landedAt: now(),
    });
    const index = await LakeIndex.open(lake, now);
    expect(fileNames(index)).toEqual(["c1-1.parquet", "c1-2.parquet"]);
    expect(index.lastCommittedAt).toBe("2026-11-23T12:00:00.000Z");
  });

  test("answers a refresh with the commits that are new, once", async () => {
    await land("c1-1");
    const index = await LakeIndex.open(lake, now);
    await land("c1-2");
    await land("c2-1");
    expect(names(await index.refresh())).toEqual(["c1-2", "c2-1"]);
    expect(await index.refresh()).toEqual([]);
    expect(fileNames(index)).toEqual(["c1-1.parquet", "c1-2.parquet", "c2-1.parquet"]);
  });

  test("asks for a few listings and no commit it knows, however many there are", async () => {
    for (let number = 100; number < 400; number += 1) await land(`c1-${number}`);
    for (let number = 100; number < 200; number += 1) await land(`c2-${number}`);
    const index = await LakeIndex.open(lake, now);
    store.lists = 0;
    store.gets = 0;
    await land("c1-400");
    expect(names(await index.refresh())).toEqual(["c1-400"]);
    expect(store.lists).toBeLessThanOrEqual(3);
    expect(store.gets).toBe(1);
  });

  test("finds a commit that a writer made out of order within a minute", async () => {
    await land("c1-1");
    await land("c1-3");
    const index = await LakeIndex.open(lake, now);
    await land("c1-2");
    expect(await index.refresh()).toEqual([]);
    nowMs += 59_999;
    expect(await index.refresh()).toEqual([]);
    nowMs += 1;
    expect(names(await index.refresh())).toEqual(["c1-2"]);
  });

  test("does not pass over writers whose names have no number or start alike", async () => {
    for (const name of ["a", "c", "c1-1", "c1-1-5", "c1-3"]) await land(name);
    const index = await LakeIndex.open(lake, now);
    for (const name of ["b", "c1-1-6", "c1-4", "d"]) await land(name);
    const found = names(await index.refresh());
    expect(found).toEqual(expect.arrayContaining(["b", "c1-4", "d"]));
    nowMs += 60_000;
    found.push(...names(await index.refresh()));
    expect(found.toSorted()).toEqual(["b", "c1-1-6", "c1-4", "d"]);
  });

  test("follows the writers over midnight, and sees what still goes to the old day", async () => {
    nowMs = Date.parse("2026-11-23T23:59:50.000Z");
    await land("c1-1");
    const index = await LakeIndex.open(lake, now);
    nowMs += 20_000;
    await land("c1-3");
    await put({ name: "c1-2" }, "2026-11-23");
    expect(names(await index.refresh())).toEqual(["c1-2", "c1-3"]);
    nowMs += 3_600_000;
    await put({ name: "slow-1" }, "2026-11-23");
    expect(names(await index.refresh())).toEqual(["slow-1"]);
    expect(await index.refresh()).toEqual([]);
  });

  test("finds a commit that was filed days late, going through the older days bit by bit", async () => {
    for (let number = 0; number < 5001; number += 1) {
      await put({ name: `c1-${String(number).padStart(5, "0")}` }, "2026-11-01");
    }
    const index = await LakeIndex.open(lake, now);
    await put({ name: "a-1" }, "2026-10-31");
    await put({ name: "z-1" }, "2026-11-20");
    expect(await index.refresh()).toEqual([]);
    store.gets = 0;
    nowMs += 60_000;
    expect(names(await index.refresh())).toEqual(["a-1"]);
    nowMs += 60_000;
    expect(names(await index.refresh())).toEqual(["z-1"]);
    expect(store.gets).toBe(2);
    await put({ name: "a-2" }, "2026-10-31");
    nowMs += 60_000;
    expect(names(await index.refresh())).toEqual(["a-2"]);
  });

  test("shares one poll between calls that overlap", async () => {
    const index = await LakeIndex.open(lake, now);
    await land("c1-1");
    const answers = await Promise.all([index.refresh(), index.refresh(), index.refresh()]);
    expect(answers.map(names)).toEqual([["c1-1"], ["c1-1"], ["c1-1"]]);
  });

  test("loses nothing when the store fails during a refresh", async () => {
    const index = await LakeIndex.open(lake, now);
    await land("c1-1");
    await land("c1-2");
    store.failingGets = 1;
    await expect(index.refresh()).rejects.toMatchObject({ code: "lake.store_unavailable" });
    expect(names(await index.refresh())).toEqual(["c1-1", "c1-2"]);
  });

  test("names a malformed commit, leaves it out, and takes it in once it is whole", async () => {
    await land("c1-1");
    await land("c1-2");
    const key = "manifest/v1/region=local/dt=2026-11-23/c1-1.json";
    const whole = await store.get(key);
    await store.put(key, whole.subarray(0, 50));
    await store.put("manifest/v1/region=local/dt=2026-11-23/notes.txt", whole);
    const index = await LakeIndex.open(lake, now);
    expect(fileNames(index)).toEqual(["c1-2.parquet"]);
    expect([...index.malformed.keys()]).toEqual([key]);
    expect(index.malformed.get(key)).toContain("not complete JSON");
    await store.put(key, whole);
    nowMs += 60_000;
    expect(names(await index.refresh())).toEqual(["c1-1"]);
    expect(index.malformed.size).toBe(0);
  });

  test("leaves out files that a commit removes, whichever of the two it reads first", async () => {
    await land("b-1");
    const [file] = (await LakeIndex.open(lake, now)).allFiles();
    const remove = [file?.key ?? ""];
    await put({ name: "a-compact", remove, add: [] }, "2026-11-23");
    expect((await LakeIndex.open(lake, now)).allFiles()).toEqual([]);
    await store.delete(["manifest/v1/region=local/dt=2026-11-23/a-compact.json"]);
    const index = await LakeIndex.open(lake, now);
    await put({ name: "z-compact", remove, add: [] }, "2026-11-23");
    await index.refresh();
    expect(index.allFiles()).toEqual([]);
  });

  test("counts a landing once that committed on two days", async () => {
    await land("c1-1");
    const [file] = (await LakeIndex.open(lake, now)).allFiles();
    const elsewhere = { ...file, key: file?.key.replace("2026-11-23", "2026-11-24") ?? "" };
    await put({ name: "c1-1", add: [elsewhere as ManifestCommit["add"][number]] }, "2026-11-24");
    expect((await LakeIndex.open(lake, now)).allFiles()).toEqual([file]);
  });

  test("gives the files of a kind, project and time, both ends of the range tried", async () => {
    await land("c1-1", { project: "project-a", micros: HOUR_MICROS + 999n });
    await land("c1-2", { project: "project-b", micros: HOUR_MICROS });
    const index = await LakeIndex.open(lake, now);
    const atMs = DAY * DAY_MS + 3_600_000;
    const ask = (
      fromUnixMs: number,
      toUnixMs: number,
      kind: "spans" | "content" = "spans",
    ): number => index.filesFor({ kind, projectId: "project-a", fromUnixMs, toUnixMs }).length;
    expect(ask(atMs, atMs + 1)).toBe(1);
    expect(ask(atMs + 1, atMs + 2)).toBe(0);
    expect(ask(atMs - 1, atMs)).toBe(0);
    expect(ask(0, atMs + DAY_MS)).toBe(1);
    expect(ask(0, atMs + DAY_MS, "content")).toBe(0);
  });
});
