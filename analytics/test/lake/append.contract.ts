import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { appendRows } from "../../src/lake/append.ts";
import { serialiseManifest } from "../../src/lake/manifest.ts";
import { encodeParquet } from "../../src/parquet/write-parquet.ts";
import { LakeIndex } from "../../src/lake/read-manifest.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import type { Lake } from "../../src/lake/open-lake.ts";
import { collect } from "../object-store.contract.ts";
import type { StoreUnderTest } from "../object-store.contract.ts";
import { readLakeFile, readSpanIds } from "./read-lake.ts";
import { sampleBatch } from "./sample-rows.ts";

const DAY = 20_780;
const landedAt = new Date("2026-11-23T10:00:00.000Z");

/** What landing a batch promises on any store. */
export function describeAppend(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`append rows: ${name}`, () => {
    let under: StoreUnderTest;
    let regions = 0;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(async () => {
      await under.close();
    });
    const freshLake = (): Lake => {
      regions += 1;
      return openLake({ store: under.store, region: `r${regions}` });
    };

    test("writes one file per day, content apart, and one commit that names them all", async () => {
      const lake = freshLake();
      const batch = sampleBatch([
        { spanId: "1", day: DAY, micros: 5n, project: "project-b" },
        { spanId: "2", day: DAY - 1, prompt: '["ü"]' },
        { spanId: "3", day: DAY, micros: 7n, prompt: "[]" },
      ]);
      const commit = await appendRows(lake, batch, { name: "c1-1", landedAt });
      const place = `v1/region=${lake.region}`;
      expect(commit).toMatchObject({
        formatVersion: 1,
        name: "c1-1",
        committedAt: "2026-11-23T10:00:00.000Z",
        remove: [],
        add: [
          { key: `spans/${place}/dt=2026-11-22/c1-1.parquet`, rows: 1, projects: ["project-a"] },
          { key: `content/${place}/dt=2026-11-22/c1-1.parquet`, rows: 1 },
          {
            key: `spans/${place}/dt=2026-11-23/c1-1.parquet`,
            rows: 2,
            projects: ["project-a", "project-b"],
            minStartTime: "2026-11-23T00:00:00.000005Z",
            maxStartTime: "2026-11-23T00:00:00.000007Z",
          },
          { key: `content/${place}/dt=2026-11-23/c1-1.parquet`, rows: 1 },
        ],
      });
      expect(await readSpanIds(lake)).toEqual(["1", "2", "3"]);
      const contents = (commit?.add ?? []).filter(({ kind }) => kind === "content");
      const rows = await Promise.all(contents.map((file) => readLakeFile(lake, file)));
      expect(rows.flat()).toEqual([
        expect.objectContaining({ project_id: "project-a", input_messages: '["ü"]' }),
        expect.objectContaining({ input_messages: "[]" }),
      ]);
      expect(Object.keys(rows.flat()[0] ?? {}).slice(0, 3)).toEqual([
        "project_id",
        "trace_id",
        "span_id",
      ]);
    });

    test("keeps content out of the spans file", async () => {
      const lake = freshLake();
      const batch = sampleBatch([{ spanId: "1", day: DAY, prompt: "planted-canary" }]);
      const commit = await appendRows(lake, batch, { name: "c1-1", landedAt });
      const [spans] = commit?.add ?? [];
      const [row] = spans === undefined ? [] : await readLakeFile(lake, spans);
      expect(row).not.toHaveProperty("input_messages");
    });

    test("commits nothing for an empty batch", async () => {
      const lake = freshLake();
      expect(await appendRows(lake, sampleBatch([]), { name: "c1-1", landedAt })).toBeUndefined();
      expect(await collect(lake.store.list(`manifest/v1/region=${lake.region}/`))).toEqual([]);
    });

    test("counts rows once when the same landing comes again, even on a later day", async () => {
      const lake = freshLake();
      const batch = sampleBatch([
        { spanId: "1", day: DAY },
        { spanId: "2", day: DAY, prompt: "[]" },
      ]);
      // Stores date their objects by the clock of the machine.
      const now = new Date();
      const first = await appendRows(lake, batch, { name: "c1-1", landedAt: now });
      const later = new Date(now.getTime() + 3 * 86_400_000);
      expect(await appendRows(lake, batch, { name: "c1-1", landedAt: now })).toEqual(first);
      expect(await appendRows(lake, batch, { name: "c1-1", landedAt: later })).toEqual(first);
      expect(await collect(lake.store.list(`manifest/v1/region=${lake.region}/`))).toHaveLength(1);
      expect(await readSpanIds(lake)).toEqual(["1", "2"]);
    });

    test("has one commit when two callers land the same batch at once", async () => {
      const lake = freshLake();
      const batch = sampleBatch([{ spanId: "1", day: DAY, prompt: "[]" }]);
      const other = openLake({ store: under.sameObjects, region: lake.region });
      const commits = await Promise.all(
        [lake, other, lake, other].map((one) => appendRows(one, batch, { name: "c1-1", landedAt })),
      );
      expect(new Set(commits.map((commit) => JSON.stringify(commit))).size).toBe(1);
      expect(await readSpanIds(lake)).toEqual(["1"]);
    });

    test("takes over a whole file that another version of the program left without a commit", async () => {
      const lake = freshLake();
      const batch = sampleBatch([{ spanId: "1", day: DAY }]);
      const body = encodeParquet(batch, {
        columns: ["project_id", "trace_id", "span_id"],
        metadata: { "lensai.name": "c1-1", "lensai.row_version": "1" },
      });
      const key = `spans/v1/region=${lake.region}/dt=2026-11-23/c1-1.parquet`;
      await lake.store.put(key, body);
      const commit = await appendRows(lake, batch, { name: "c1-1", landedAt });
      expect(commit?.add).toMatchObject([{ key, sizeBytes: body.length, rows: 1, rowVersion: 1 }]);
      expect(await lake.store.get(key)).toHaveLength(body.length);
      expect(await readSpanIds(lake)).toEqual(["1"]);
    });

    test.each([
      ["half a file", (body: Uint8Array) => body.subarray(0, body.length >> 1)],
      ["nothing", () => new Uint8Array(0)],
      ["something else", () => new TextEncoder().encode("PAR1 not really PAR1")],
    ])("replaces %s that was left under its key", async (_, leftover) => {
      const lake = freshLake();
      const batch = sampleBatch([{ spanId: "1", day: DAY }]);
      const key = `spans/v1/region=${lake.region}/dt=2026-11-23/c1-1.parquet`;
      await appendRows(lake, batch, { name: "c1-1", landedAt });
      const manifestKey = `manifest/v1/region=${lake.region}/dt=2026-11-23/c1-1.json`;
      await lake.store.put(key, leftover(await lake.store.get(key)));
      await lake.store.delete([manifestKey]);
      await appendRows(lake, batch, { name: "c1-1", landedAt });
      expect(await readSpanIds(lake)).toEqual(["1"]);
    });

    test("replaces a whole file that lacks a row of the landing", async () => {
      const lake = freshLake();
      const batch = sampleBatch([
        { spanId: "1", day: DAY },
        { spanId: "2", day: DAY },
      ]);
      const body = encodeParquet(batch, {
        rows: Uint32Array.of(0),
        columns: ["project_id", "trace_id", "span_id"],
        metadata: { "lensai.name": "c1-1", "lensai.row_version": "1" },
      });
      await lake.store.put(`spans/v1/region=${lake.region}/dt=2026-11-23/c1-1.parquet`, body);
      await appendRows(lake, batch, { name: "c1-1", landedAt });
      expect(await readSpanIds(lake)).toEqual(["1", "2"]);
    });

    test("finishes a commit that was cut off, in its place, on a later day too", async () => {
      const lake = freshLake();
      const batch = sampleBatch([{ spanId: "1", day: DAY }]);
      await appendRows(lake, batch, { name: "c1-1", landedAt });
      const manifestKey = `manifest/v1/region=${lake.region}/dt=2026-11-23/c1-1.json`;
      const whole = await lake.store.get(manifestKey);
      await lake.store.put(manifestKey, whole.subarray(0, 100));
      const later = new Date(landedAt.getTime() + 86_400_000);
      await appendRows(lake, batch, { name: "c1-1", landedAt: later });
      expect(await collect(lake.store.list(`manifest/v1/region=${lake.region}/`))).toHaveLength(1);
      expect(await readSpanIds(lake)).toEqual(["1"]);
    });

    test("does not bring back rows that a compaction moved and removed", async () => {
      const lake = freshLake();
      const batch = sampleBatch([{ spanId: "1", day: DAY }]);
      const commit = await appendRows(lake, batch, { name: "c1-1", landedAt });
      const [file] = commit?.add ?? [];
      const key = file?.key ?? "";
      const compacted = { ...commit, name: "compact-1", add: [], remove: [key] };
      await lake.store.put(
        `manifest/v1/region=${lake.region}/dt=2026-11-23/compact-1.json`,
        serialiseManifest(compacted as Parameters<typeof serialiseManifest>[0]),
      );
      await lake.store.delete([key]);
      const later = new Date(landedAt.getTime() + 86_400_000);
      await appendRows(lake, batch, { name: "c1-1", landedAt: later });
      expect((await LakeIndex.open(lake)).allFiles()).toEqual([]);
    });

    test("stops when its signal is aborted, with the signal's reason", async () => {
      const lake = freshLake();
      const reason = new Error("stopping");
      const signal = AbortSignal.abort(reason);
      const landing = appendRows(lake, sampleBatch([{ spanId: "1", day: DAY }]), {
        name: "c1-1",
        landedAt,
        signal,
      });
      await expect(landing).rejects.toBe(reason);
    });
  });
}
