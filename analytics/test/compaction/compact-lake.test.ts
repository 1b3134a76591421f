import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SPAN_ROW_VERSION } from "@lensai/otel-config/span-row/columns";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CompactionGroup } from "../../src/compaction/plan-compaction.ts";
import { DuckDb } from "../../src/duckdb/connect.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { parseLakeKey } from "../../src/lake/layout.ts";
import type { ManifestFile } from "../../src/lake/manifest.ts";
import type { LakeIndex } from "../../src/lake/read-manifest.ts";
import { MemoryStore } from "../../src/object-store/memory-store.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { faultyStore } from "../faulty-store.ts";
import type { StoreFault } from "../faulty-store.ts";
import { FAKE_CREDENTIALS, startS3Fake } from "../s3-fake.ts";
import { readLakeFile } from "../lake/read-lake.ts";
import { CompactedLake, DAY } from "./compacted-lake.ts";

const HOUR_MS = 3_600_000;
const KINDS: readonly StoreFault[] = ["fail-before", "fail-after", "half-write"];

const duckDb = new DuckDb({ threads: 1 });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lensai-compaction-"));
});
afterAll(async () => {
  await duckDb.close();
  await rm(folder, { recursive: true });
});

async function newLake(): Promise<{ inner: MemoryStore; lake: CompactedLake }> {
  const inner = new MemoryStore(() => lake.now());
  const place = await mkdtemp(join(folder, "lake-"));
  const lake: CompactedLake = new CompactedLake(inner, { duckDb, folder: place });
  return { inner, lake };
}

const ascending = (left: number, right: number): number => left - right;

/** Merges every two files that may be merged, beginning with a chosen one. */
const anyTwo =
  (first: number) =>
  (files: readonly ManifestFile[]): CompactionGroup[] => {
    const partitions = new Map<string, ManifestFile[]>();
    const start = files.length === 0 ? 0 : first % files.length;
    for (const file of [...files.slice(start), ...files.slice(0, start)]) {
      const name = `${file.kind} ${parseLakeKey(file.key)?.day}`;
      partitions.set(name, [...(partitions.get(name) ?? []), file].slice(0, 2));
    }
    return [...partitions.values()]
      .filter((pair) => pair.length === 2)
      .map((pair) => ({
        kind: pair[0]?.kind ?? "spans",
        day: parseLakeKey(pair[0]?.key ?? "")?.day ?? 0,
        files: pair,
      }));
  };

async function expectRows(lake: CompactedLake): Promise<void> {
  const reader = await lake.reader();
  expect(await reader.rows()).toEqual(lake.expected);
  expect(await lake.keysBySum()).toEqual(keysOf(reader.index));
}

function keysOf(index: LakeIndex): string[] {
  return index
    .allFiles()
    .map(({ key }) => key)
    .toSorted();
}

/** Of every name and body in it. */
async function contentHash(store: MemoryStore): Promise<string> {
  const hash = createHash("sha256");
  for await (const { key } of store.list("")) hash.update(`${key}\0`).update(await store.get(key));
  return hash.digest("hex");
}

/** After some days the rows say themselves what is known about them, and nothing is left but what counts. */
async function expectTidyInTheEnd(lake: CompactedLake): Promise<void> {
  lake.nowMs += 4 * 24 * HOUR_MS;
  for (let merged = 1; merged > 0;) {
    ({ merged } = await lake.compact(lake.store, { plan: () => [] }));
    await expectRows(lake);
  }
  lake.nowMs += 25 * HOUR_MS;
  await lake.compact(lake.store, { plan: () => [] });
  const reader = await lake.reader();
  const { index } = reader;
  expect(index.malformed.size).toBe(0);
  expect(await reader.rows()).toEqual(lake.expected);
  expect(await lake.dataKeys()).toEqual(keysOf(index));
  expect(index.allFiles().filter(({ kind }) => kind === "corrections")).toEqual([]);
}

describe("compaction", () => {
  test("leaves few sorted files with the same rows, verdicts and content", async () => {
    const { lake } = await newLake();
    for (let landing = 0; landing < 12; landing += 1) await lake.land([DAY - 1, DAY - 1, DAY], 2);
    const before = await lake.reader();
    const contents = await before.contents();
    lake.nowMs += 15 * HOUR_MS;
    expect(await lake.compact(lake.store)).toMatchObject({ merged: 58, written: 5, deleted: 0 });
    const after = await lake.reader();
    expect(await after.rows()).toEqual(await before.rows());
    expect(await after.contents()).toBe(contents);
    const files = after.index.allFiles();
    expect(files).toHaveLength(5);
    const spans = files.find(({ key }) => key.startsWith(`spans/v1/region=local/dt=2026-11-23/`));
    const rows = await readLakeFile(openLake(lake), spans as ManifestFile);
    const order = rows.map(
      ({ project_id: project, start_time: start }) =>
        `${String(project)} ${(start as Date).toISOString()}`,
    );
    expect(order).toEqual(order.toSorted());
    expect(spans).toMatchObject({ rows: 24, projects: ["p0", "p1"] });
    expect(await lake.compact(lake.store)).toMatchObject({ merged: 0, deleted: 0 });
    lake.nowMs += 60_000;
    expect(await lake.compact(lake.store)).toMatchObject({ merged: 0, deleted: 58 });
    await expectRows(lake);
  });

  test.each(["a folder", "a bucket"])("works the same in %s", async (place) => {
    const fake = await startS3Fake();
    const settings = { ...FAKE_CREDENTIALS, endpoint: fake.endpoint };
    const url = place === "a folder" ? join(folder, "files") : `s3://${fake.bucket}/lake`;
    const store = await openStore(url, settings);
    const lake = new CompactedLake(store, { duckDb, folder });
    for (let landing = 0; landing < 8; landing += 1) await lake.land([DAY - 1, DAY - 1], 1);
    lake.nowMs += 15 * HOUR_MS;
    expect(await lake.compact(store)).toMatchObject({ merged: 16 });
    await expectRows(lake);
    const sleeper = await lake.reader();
    await lake.land([DAY - 1], 1);
    // The store's own clock says when a checkpoint was put.
    lake.nowMs = Date.now() + 2 * HOUR_MS;
    const pass = await lake.compact(store, { plan: () => [], commitsMin: 1 });
    expect(pass).toMatchObject({ merged: 9, checkpointed: 11, forgotten: 11 });
    await expectRows(lake);
    await sleeper.index.refresh();
    expect(await sleeper.rows()).toEqual(lake.expected);
    await expectTidyInTheEnd(lake);
    await store.close();
    await fake.close();
  });

  test("puts corrections into rows of older versions, too, each version by itself", async () => {
    const { lake } = await newLake();
    for (let landing = 0; landing < 3; landing += 1) await lake.land([DAY, DAY], 1);
    await lake.age(3);
    for (let landing = 0; landing < 3; landing += 1) await lake.land([DAY, DAY], 2);
    await expectTidyInTheEnd(lake);
    const files = (await lake.reader()).index.allFiles();
    const versions = files.flatMap(({ kind, rowVersion }) =>
      kind === "spans" ? [rowVersion] : [],
    );
    expect(new Set(versions)).toEqual(new Set([3, SPAN_ROW_VERSION]));
  });

  test("a reader whose files have gone reads those that took their place", async () => {
    const { lake } = await newLake();
    for (let landing = 0; landing < 4; landing += 1) await lake.land([DAY], 1);
    const late = await lake.reader();
    await lake.compact(lake.store, { plan: anyTwo(0) });
    lake.nowMs += 60_000;
    await lake.compact(lake.store, { plan: () => [] });
    expect(await late.rows()).toEqual(lake.expected);
  });

  test("of two at once one exchanges files, and nothing is left of the other", async () => {
    const { lake, inner } = await newLake();
    for (let landing = 0; landing < 3; landing += 1) await lake.land([DAY], 0);
    const outcomes = await Promise.all(
      [0, 1].map((first) => lake.compact(inner, { plan: anyTwo(first) })),
    );
    expect(outcomes.map(({ merged, written }) => merged + written).toSorted(ascending)).toEqual([
      0, 3,
    ]);
    expect(await lake.dataKeys()).toHaveLength(3 + 1);
    await expectRows(lake);
  });

  test("a file that is not what was committed stops it before anything is exchanged", async () => {
    const store = await openStore(join(folder, "damaged"));
    const lake = new CompactedLake(store, { duckDb, folder });
    for (let landing = 0; landing < 2; landing += 1) await lake.land([DAY], 0);
    const [key = ""] = await lake.dataKeys();
    const body = await store.get(key);
    body[20] = (body[20] ?? 0) ^ 1;
    await store.put(key, body);
    await expect(lake.compact(store, { plan: anyTwo(0) })).rejects.toMatchObject({
      code: "lake.file_corrupt",
    });
    const { index } = await lake.reader();
    expect(index.allFiles()).toHaveLength(2);
    await store.close();
  });

  test("a landing that comes again after its files were deleted counts once", async () => {
    const { lake, inner } = await newLake();
    await lake.land([DAY], 0);
    const [key = ""] = await lake.dataKeys();
    const body = await inner.get(key);
    await lake.land([DAY], 0);
    await lake.compact(inner, { plan: anyTwo(0) });
    lake.nowMs += 60_000;
    await lake.compact(inner, { plan: () => [] });
    expect(await lake.dataKeys()).toHaveLength(1);
    // As a collector does that died before it could forget the landing.
    await inner.put(key, body, { ifAbsent: true });
    await expectRows(lake);
    await expectTidyInTheEnd(lake);
    expect(await lake.dataKeys()).toHaveLength(1);
  });

  test.each([
    ["merges", anyTwo(1), 0, KINDS],
    ["folds", () => [], 4 * 24 * HOUR_MS, ["half-write"] as const],
  ])(
    "keeps every row through any fault at any call while it %s, and leaves nothing behind",
    async (...given) => {
      const [, plan, laterMs, kinds] = given;
      const base = await newLake();
      for (let landing = 0; landing < 3; landing += 1) await base.lake.land([DAY, DAY], 1);
      // There are files to delete, too, and commits that an old checkpoint stands for.
      await base.lake.compact(base.inner, { plan: anyTwo(0), commitsMin: 1 });
      const waitMs = 61 * 60_000 + laterMs;
      let faults = 0;
      const seen = new Set<string>();
      for (const kind of kinds) {
        for (let position = 0, wasMet = true; wasMet; position += 1) {
          const { lake, inner } = await newLake();
          for await (const { key } of base.inner.list(""))
            await inner.put(key, await base.inner.get(key));
          for (const [id, rule] of base.lake.expected) lake.expected.set(id, rule);
          lake.nowMs += waitMs;
          let calls = 0;
          const { store, faultCount } = faultyStore(inner, () => {
            calls += 1;
            return calls === position + 1 ? kind : undefined;
          });
          await lake.compact(store, { plan, commitsMin: 1 }).catch(() => undefined);
          wasMet = faultCount() === 1;
          if (wasMet) faults += 1;
          // All that follows knows what is in the store and nothing else: most faults leave what another one left.
          const left = await contentHash(inner);
          if (seen.has(left)) continue;
          seen.add(left);
          await expectRows(lake);
          await lake.compact(inner, { plan: anyTwo(2), commitsMin: 1 });
          await expectTidyInTheEnd(lake);
        }
      }
      expect(faults).toBeGreaterThan(13 * kinds.length);
      expect(seen.size).toBeGreaterThan(9);
    },
    180_000,
  );

  const step = fc.oneof(
    fc.record({
      kind: fc.constant("land" as const),
      days: fc.array(fc.constantFrom(DAY - 1, DAY), { minLength: 1, maxLength: 3 }),
      corrected: fc.nat(3),
    }),
    fc.record({
      kind: fc.constant("compact" as const),
      /** Undefined: corrections are folded, if it is late enough. */
      first: fc.option(fc.nat(20), { nil: undefined }),
      /** Of another compaction at the same moment. */
      second: fc.option(fc.nat(20), { nil: undefined }),
      faults: fc.array(fc.option(fc.constantFrom(...KINDS), { nil: undefined, freq: 4 }), {
        maxLength: 12,
      }),
    }),
    fc.record({
      kind: fc.constant("wait" as const),
      forMs: fc.constantFrom(1000, 61_000, 61 * 60_000, 4 * 24 * HOUR_MS),
    }),
    fc.record({ kind: fc.constant("refresh" as const) }),
  );

  test("answers the same in any order of landings, compactions, faults and readers", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        const { lake, inner } = await newLake();
        await lake.land([DAY], 0);
        const reader = await lake.reader();
        for (const each of steps) {
          if (each.kind === "land") await lake.land(each.days, each.corrected);
          else if (each.kind === "wait") lake.nowMs += each.forMs;
          else if (each.kind === "refresh") await reader.index.refresh();
          else {
            const queue = [...each.faults];
            const { store } = faultyStore(inner, () => queue.shift());
            await Promise.allSettled([
              lake.compact(store, {
                plan: each.first === undefined ? () => [] : anyTwo(each.first),
                commitsMin: 1,
              }),
              each.second === undefined
                ? undefined
                : lake.compact(inner, { plan: anyTwo(each.second), commitsMin: 2 }),
            ]);
          }
          // It may not know the newest landings, but what it knows it finds, and once.
          for (const id of (await reader.rows()).keys()) expect(lake.expected.has(id)).toBe(true);
        }
        await expectRows(lake);
        lake.nowMs += 61_000;
        await reader.index.refresh();
        expect(await reader.rows()).toEqual(lake.expected);
        await lake.compact(inner, { plan: () => [] });
        await expectTidyInTheEnd(lake);
      }),
      { numRuns: 8 },
    );
  });
});
