import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { expect, test } from "vitest";
import { appendRows } from "../../src/lake/append.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { LakeIndex } from "../../src/lake/read-manifest.ts";
import { MemoryStore } from "../../src/object-store/memory-store.ts";
import { readLakeFile } from "../lake/read-lake.ts";
import { sampleBatch } from "../lake/sample-rows.ts";
import { correction } from "./sample-corrections.ts";

const DAY = 20_780;
const landedAt = new Date("2026-11-23T10:00:00.000Z");

test("corrections land with the rows that caused them, by the day of the rows that they correct", async () => {
  const lake = openLake({ store: new MemoryStore(), region: "local" });
  const batch = sampleBatch([{ spanId: "1", day: DAY }]);
  const corrections = [correction("b2", 7, { day: DAY - 1 }), correction("b1", 3)];
  const commit = await appendRows(lake, batch, { name: "c1-1", landedAt, corrections });
  expect(commit?.add.map(({ key, rows }) => [key, rows])).toEqual([
    ["spans/v1/region=local/dt=2026-11-23/c1-1.parquet", 1],
    ["corrections/v1/region=local/dt=2026-11-22/c1-1.parquet", 1],
    ["corrections/v1/region=local/dt=2026-11-23/c1-1.parquet", 1],
  ]);
  const file = commit?.add[2];
  expect(file && (await readLakeFile(lake, file))).toEqual([
    {
      project_id: "project-a",
      batch_id: "b1",
      record_ordinal: 3n,
      trace_id: "1".repeat(32),
      span_id: "2".repeat(16),
      start_time: new Date("2026-11-23T00:00:00.000Z"),
      billed: false,
      bill_rule: "twin",
      shadowed_by: "3".repeat(16),
      decided_at: new Date("2026-11-23T00:00:00.000Z"),
    },
  ]);
  const index = await LakeIndex.open(lake);
  const range = { projectId: "project-a", fromUnixMs: 0, toUnixMs: Date.now() };
  expect(index.filesFor({ kind: "corrections", ...range })).toHaveLength(2);
});

test("corrections land without rows, and the same ones again change nothing", async () => {
  const lake = openLake({ store: new MemoryStore(), region: "local" });
  const corrections = [correction("b1", 3), correction("b1", 2, { billed: true })];
  const first = await appendRows(lake, new RowBatch(1), { name: "r-1", landedAt, corrections });
  expect(first?.add.map(({ kind, rows }) => [kind, rows])).toEqual([["corrections", 2]]);
  const again = await appendRows(lake, new RowBatch(1), {
    name: "r-1",
    landedAt,
    corrections: [...corrections].reverse(),
  });
  expect(again).toEqual(first);
});

test("nothing to land commits nothing", async () => {
  const lake = openLake({ store: new MemoryStore(), region: "local" });
  const options = { name: "r-1", landedAt, corrections: [] };
  expect(await appendRows(lake, new RowBatch(1), options)).toBeUndefined();
});
