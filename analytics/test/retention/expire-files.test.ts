import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DuckDb } from "../../src/duckdb/connect.ts";
import { checkFiles } from "../../src/lake/check-files.ts";
import { parseLakeKey } from "../../src/lake/layout.ts";
import type { ManifestFile } from "../../src/lake/manifest.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { LakeIndex } from "../../src/lake/read-manifest.ts";
import { MemoryStore } from "../../src/object-store/memory-store.ts";
import type { ObjectStore } from "../../src/object-store/object-store.ts";
import { expireFiles } from "../../src/retention/expire-files.ts";
import type { ExpiryOutcome } from "../../src/retention/expire-files.ts";
import { KEPT_FOR_EVER } from "../../src/retention/retention-policy.ts";
import type { RetentionPolicy } from "../../src/retention/retention-policy.ts";
import { CompactedLake, DAY } from "../compaction/compacted-lake.ts";
import { faultyStore } from "../faulty-store.ts";

const POLICY = { recordDays: 40, contentDays: 2 };
const DAY_MS = 86_400_000;

const duckDb = new DuckDb({ threads: 1 });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lensai-retention-"));
});
afterAll(async () => {
  await duckDb.close();
  await rm(folder, { recursive: true });
});

/** Rows of 45 days ago, 3 days ago and today, each day with content and, but for today, with corrections. */
async function agedLake(): Promise<CompactedLake> {
  const place = await mkdtemp(join(folder, "lake-"));
  const lake: CompactedLake = new CompactedLake(new MemoryStore(() => lake.now()), {
    duckDb,
    folder: place,
  });
  for (const day of [DAY - 45, DAY - 3, DAY]) await lake.land([day, day], 2);
  return lake;
}

interface Circumstances {
  readonly store?: ObjectStore;
  /** From before what others have done meanwhile. */
  readonly index?: LakeIndex;
  readonly policy?: RetentionPolicy;
}

function expire(
  lake: CompactedLake,
  { store = lake.store, index, policy = POLICY }: Circumstances = {},
): Promise<ExpiryOutcome> {
  const opened = openLake({ store, region: "local" });
  const freshIndex = async (): Promise<LakeIndex> =>
    index ?? (await LakeIndex.open(opened, lake.now));
  return expireFiles({ lake: opened, freshIndex, policy, now: lake.now });
}

const placeOf = ({ key, kind }: ManifestFile): string => `${kind} ${parseLakeKey(key)?.day}`;

const filesOf = (index: LakeIndex, place: string): ManifestFile[] =>
  index.allFiles().filter((file) => placeOf(file) === place);

const keptOf = async (lake: CompactedLake): Promise<string[]> => {
  const { index } = await lake.reader();
  return [...new Set(index.allFiles().map(placeOf))].toSorted();
};

const KEPT = [`content ${DAY}`, `corrections ${DAY - 3}`, `spans ${DAY - 3}`, `spans ${DAY}`];

test("lets old records, what is known about them and old content go, and nothing else", async () => {
  const lake = await agedLake();
  const rowsBefore = await (await lake.reader()).rows();
  expect(await expire(lake)).toMatchObject({ files: 4, records: 2 });
  expect(await keptOf(lake)).toEqual(KEPT);
  const reader = await lake.reader();
  const young = [...rowsBefore].filter(([id]) => !id.startsWith(`${DAY - 45} `));
  expect(await reader.rows()).toEqual(new Map(young));
  expect(await lake.keysBySum()).toEqual(
    reader.index
      .allFiles()
      .map(({ key }) => key)
      .toSorted(),
  );
  expect(await expire(lake)).toEqual({ files: 0, records: 0, sizeBytes: 0 });
});

test("deletes the files once nobody reads them any more, and the lake is intact", async () => {
  const lake = await agedLake();
  const old = filesOf((await lake.reader()).index, `spans ${DAY - 45}`).map(({ key }) => key);
  await expire(lake);
  await lake.compact(lake.store, { plan: () => [] });
  expect(await lake.dataKeys()).toEqual(expect.arrayContaining(old));
  lake.nowMs += 60_000;
  await lake.compact(lake.store, { plan: () => [] });
  const { index } = await lake.reader();
  const kept = index.allFiles().map(({ key }) => key);
  expect((await lake.dataKeys()).toSorted()).toEqual(kept.toSorted());
  expect(await checkFiles(lake.store, index.allFiles())).toEqual([]);
});

test("stays so when a checkpoint stands for all commits, and when a landing comes late", async () => {
  const lake = await agedLake();
  await expire(lake);
  for (let pass = 0; pass < 3; pass += 1) {
    lake.nowMs += 2 * 3_600_000;
    await lake.compact(lake.store, { plan: () => [], commitsMin: 1 });
  }
  // What was known about the rows of a settled day is in them now.
  const folded = KEPT.filter((place) => !place.startsWith("corrections"));
  expect(await keptOf(lake)).toEqual(folded);
  await lake.land([DAY - 45], 0);
  expect(await expire(lake)).toMatchObject({ files: 1, records: 1 });
  expect(await keptOf(lake)).toEqual(folded);
});

test("lets the oldest content go that is beyond its bytes, and no record", async () => {
  const lake = await agedLake();
  const { index } = await lake.reader();
  const newest = filesOf(index, `content ${DAY}`);
  const contentBytesMax = newest.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  const policy = { ...KEPT_FOR_EVER, contentBytesMax };
  const placesBefore = await keptOf(lake);
  expect(await expire(lake, { policy })).toMatchObject({ records: 0 });
  const gone = new Set([`content ${DAY - 45}`, `content ${DAY - 3}`]);
  expect(await keptOf(lake)).toEqual(placesBefore.filter((place) => !gone.has(place)));
  expect(filesOf((await lake.reader()).index, `content ${DAY}`)).toEqual(newest);
  expect(await expire(lake, { policy })).toEqual({ files: 0, records: 0, sizeBytes: 0 });
});

test("goes with the days", async () => {
  const lake = await agedLake();
  await expire(lake);
  lake.nowMs += 40 * DAY_MS;
  await expire(lake);
  expect(await keptOf(lake)).toEqual([`spans ${DAY}`]);
});

test("gives way to a swap that was faster, and is done the next time", async () => {
  const lake = await agedLake();
  const { index } = await lake.reader();
  const files = filesOf(index, `spans ${DAY}`);
  await lake.compact(lake.store, { plan: () => [{ kind: "spans", day: DAY, files }] });
  expect(await expire(lake, { index })).toMatchObject({ files: 0 });
  expect(await expire(lake)).toMatchObject({ files: 4 });
  expect(await keptOf(lake)).toEqual(KEPT);
});

test("is safe twice at the same time", async () => {
  const lake = await agedLake();
  const { index } = await lake.reader();
  expect(await expire(lake, { index })).toMatchObject({ files: 4 });
  expect(await expire(lake, { index })).toMatchObject({ files: 4 });
  expect(await keptOf(lake)).toEqual(KEPT);
});

test("that lets more go than a faster one is not taken for it", async () => {
  const lake = await agedLake();
  const { index } = await lake.reader();
  const less = { recordDays: undefined, contentDays: 10 };
  const more = { recordDays: undefined, contentDays: 2 };
  const letGo = await expire(lake, { index, policy: less });
  expect(letGo.files).toBeGreaterThan(0);
  expect(await expire(lake, { index, policy: more })).toMatchObject({ files: 0 });
  expect((await expire(lake, { policy: more })).files).toBeGreaterThan(0);
  expect(await keptOf(lake)).not.toContain(`content ${DAY - 3}`);
});

test.each(["fail-before", "fail-after", "half-write"] as const)(
  "is done by the next one after a store that met %s",
  async (fault) => {
    const lake = await agedLake();
    const { store } = faultyStore(lake.store, (call) => (call === "put" ? fault : undefined));
    await expect(expire(lake, { store })).rejects.toMatchObject({ code: "lake.store_unavailable" });
    await expire(lake);
    expect(await keptOf(lake)).toEqual(KEPT);
  },
);
