import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DuckDb } from "../../src/duckdb/connect.ts";
import { CompactedLake, DAY } from "../compaction/compacted-lake.ts";
import { openRealStore } from "./real-bucket.ts";

test("two compactions at once on a real S3 server: one swap counts, and nothing is left of the other", async () => {
  const under = await openRealStore();
  const folder = await mkdtemp(join(tmpdir(), "lensai-compaction-"));
  const duckDb = new DuckDb({ threads: 1 });
  const lake = new CompactedLake(under.store, { duckDb, folder });
  for (let landing = 0; landing < 9; landing += 1) await lake.land([DAY - 1, DAY - 1], 1);
  lake.nowMs += 15 * 3_600_000;
  const outcomes = await Promise.all([lake.compact(under.store), lake.compact(under.sameObjects)]);
  expect(new Set(outcomes.map(({ merged }) => merged))).toEqual(new Set([0, 26]));
  lake.nowMs += 60_000;
  expect(await lake.compact(under.store)).toMatchObject({ merged: 0, deleted: 26 });
  const reader = await lake.reader();
  expect(await reader.rows()).toEqual(lake.expected);
  expect(await lake.dataKeys()).toHaveLength(3);
  await duckDb.close();
  await rm(folder, { recursive: true });
  await under.close();
});
