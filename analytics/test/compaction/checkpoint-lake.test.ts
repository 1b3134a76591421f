import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { CompactionGroup } from "../../src/compaction/plan-compaction.ts";
import { DuckDb } from "../../src/duckdb/connect.ts";
import { appendRows } from "../../src/lake/append.ts";
import type { ManifestCommit, ManifestFile } from "../../src/lake/manifest.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { LakeIndex } from "../../src/lake/read-manifest.ts";
import { MemoryStore } from "../../src/object-store/memory-store.ts";
import { sampleBatch } from "../lake/sample-rows.ts";
import { collect } from "../object-store.contract.ts";
import { CompactedLake, DAY } from "./compacted-lake.ts";

const HOUR_MS = 3_600_000;
const NOTHING_TO_MERGE = { plan: () => [], commitsMin: 1 };

class CountingStore extends MemoryStore {
  gets = 0;

  override async get(key: string): Promise<Uint8Array> {
    this.gets += 1;
    return await super.get(key);
  }
}

const duckDb = new DuckDb({ threads: 1 });
let folder: string;
let store: CountingStore;
let lake: CompactedLake;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lensai-checkpoint-"));
});
afterAll(async () => {
  await duckDb.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  store = new CountingStore(() => lake.now());
  lake = new CompactedLake(store, { duckDb, folder });
});

async function commitNames(): Promise<string[]> {
  const objects = await collect(store.list("manifest/"));
  return objects.map(({ key }) => key.slice(key.lastIndexOf("/") + 1, -".json".length));
}

async function landMany(count: number): Promise<void> {
  for (let landing = 0; landing < count; landing += 1) await lake.land([DAY], 0);
}

test("an open reads a checkpoint instead of the commits that it stands for", async () => {
  await landMany(20);
  expect(await lake.compact(store, { plan: () => [], commitsMin: 21 })).toMatchObject({
    checkpointed: 0,
  });
  expect(await lake.compact(store, { plan: () => [], commitsMin: 20 })).toMatchObject({
    checkpointed: 20,
    forgotten: 0,
  });
  await landMany(2);
  store.gets = 0;
  const { index } = await lake.reader();
  expect(store.gets).toBe(3);
  expect(index.allFiles()).toHaveLength(22);
  expect(index.lastCommittedAt).toBe(lake.now().toISOString());
});

test("commits go an hour after a checkpoint has them, and checkpoints when a later one is as old", async () => {
  await landMany(2);
  await lake.compact(store, NOTHING_TO_MERGE);
  lake.nowMs += HOUR_MS - 1;
  await landMany(1);
  expect(await lake.compact(store, NOTHING_TO_MERGE)).toMatchObject({ forgotten: 0 });
  lake.nowMs += 1;
  await landMany(1);
  expect(await lake.compact(store, NOTHING_TO_MERGE)).toMatchObject({ forgotten: 2 });
  expect(await commitNames()).toEqual([
    "c1-000003",
    "c1-000004",
    "checkpoint-0000000001",
    "checkpoint-0000000002",
    "checkpoint-0000000003",
  ]);
  lake.nowMs += HOUR_MS;
  await landMany(1);
  expect(await lake.compact(store, NOTHING_TO_MERGE)).toMatchObject({ forgotten: 2 });
  expect(await commitNames()).toEqual([
    "c1-000005",
    "checkpoint-0000000003",
    "checkpoint-0000000004",
  ]);
  expect((await lake.reader()).index.allFiles()).toHaveLength(5);
});

test("a reader that slept while commits were deleted hears of their files, and of those removed", async () => {
  await landMany(2);
  const sleeper = await lake.reader();
  await landMany(2);
  await lake.compact(store, { commitsMin: 1, plan: mergeAll });
  for (let pass = 0; pass < 2; pass += 1) {
    lake.nowMs += 2 * HOUR_MS;
    await landMany(1);
    await lake.compact(store, NOTHING_TO_MERGE);
  }
  expect((await commitNames()).filter((name) => name.startsWith("c1-"))).toEqual(["c1-000006"]);
  const heard = (await sleeper.index.refresh()).flatMap(({ add }) => add);
  expect(heard.reduce((rows, file) => rows + file.rows, 0)).toBe(6);
  expect(await sleeper.rows()).toEqual(lake.expected);
  expect(await sleeper.index.refresh()).toEqual([]);
});

function mergeAll(files: readonly ManifestFile[]): CompactionGroup[] {
  return [{ kind: "spans", day: DAY, files }];
}

test("a landing that comes again after its commit was deleted counts once, and other rows of its name not at all", async () => {
  const target = openLake({ store, region: "local" });
  const landedAt = lake.now();
  const land = (ids: readonly string[]): Promise<ManifestCommit | undefined> => {
    const rows = ids.map((spanId) => ({ spanId, day: DAY }));
    return appendRows(target, sampleBatch(rows), { name: "c1-000001", landedAt });
  };
  const first = await land(["1", "2"]);
  await lake.compact(store, NOTHING_TO_MERGE);
  lake.nowMs += HOUR_MS;
  await appendRows(target, sampleBatch([{ spanId: "3", day: DAY }]), {
    name: "c1-000002",
    landedAt,
  });
  expect(await lake.compact(store, NOTHING_TO_MERGE)).toMatchObject({ forgotten: 1 });
  const before = (await LakeIndex.open(target, lake.now)).allFiles();
  expect((await land(["1", "2"]))?.add).toEqual(first?.add);
  expect((await land(["1"]))?.add).toEqual(first?.add);
  expect((await LakeIndex.open(target, lake.now)).allFiles()).toEqual(before);
  expect(before).toHaveLength(2);
});

test("without a whole checkpoint, what commits may have been deleted for is an error and not an empty lake", async () => {
  await landMany(2);
  await lake.compact(store, NOTHING_TO_MERGE);
  const key = "manifest/v1/region=local/dt=9999-12-31/checkpoint-0000000001.json";
  const body = await store.get(key);
  await store.put(key, body.subarray(0, 100));
  // Nothing can have been deleted for it yet.
  expect((await lake.reader()).index.malformed.size).toBe(1);
  lake.nowMs += HOUR_MS;
  await expect(lake.reader()).rejects.toMatchObject({ code: "lake.file_corrupt" });
  await store.put(key, body);
  expect((await lake.reader()).index.allFiles()).toHaveLength(2);
});
