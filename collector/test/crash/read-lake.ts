import { createHash } from "node:crypto";
import { DuckDb } from "@lensai/analytics/duckdb/connect";
import { sql } from "@lensai/analytics/duckdb/sql";
import { openLocalFiles } from "@lensai/analytics/lake/local-cache";
import type { ManifestFile } from "@lensai/analytics/lake/manifest";
import { openLake } from "@lensai/analytics/lake/open-lake";
import { LakeIndex } from "@lensai/analytics/lake/read-manifest";
import type { ObjectStore } from "@lensai/analytics/object-store/object-store";
import { openStore } from "@lensai/analytics/object-store/open-store";
import type { StoreSettings } from "@lensai/analytics/object-store/open-store";
import { expect } from "vitest";

/** How often each span id lies in the committed files. */
export interface LakeContents {
  readonly spans: ReadonlyMap<string, number>;
  readonly content: ReadonlyMap<string, number>;
}

export interface LakePlace {
  readonly url: string;
  readonly settings?: StoreSettings;
  /** Where files of a bucket are copied to. */
  readonly cacheFolder: string;
}

const CACHE_BYTES_MAX = 1024 ** 3;
const QUERY_TIMEOUT_MS = 60_000;

/** Reads a lake as the console does, and expects every commit and every file that it names to be whole. */
export async function readLake({ url, settings, cacheFolder }: LakePlace): Promise<LakeContents> {
  const store = await openStore(url, settings);
  const db = new DuckDb({ threads: 1 });
  try {
    const index = await LakeIndex.open(openLake({ store, region: "local" }));
    expect([...index.malformed]).toEqual([]);
    const local = await openLocalFiles({ store, folder: cacheFolder, maxBytes: CACHE_BYTES_MAX });
    const count = async (kind: ManifestFile["kind"]): Promise<Map<string, number>> => {
      const files = index.allFiles().filter((file) => file.kind === kind);
      for (const file of files) await expectWhole(store, file);
      return await local.use(files, (paths) => countSpanIds(db, kind, paths));
    };
    return { spans: await count("spans"), content: await count("content") };
  } finally {
    await db.close();
    await store.close();
  }
}

async function expectWhole(store: ObjectStore, file: ManifestFile): Promise<void> {
  const body = await store.get(file.key);
  const sha256 = createHash("sha256").update(body).digest("hex");
  const { key, sizeBytes } = file;
  expect({ key, sizeBytes: body.length, sha256 }).toEqual({ key, sizeBytes, sha256: file.sha256 });
}

/** Spans and log records; what the collector reports about its own work is neither. */
async function countSpanIds(
  db: DuckDb,
  kind: ManifestFile["kind"],
  paths: readonly string[],
): Promise<Map<string, number>> {
  if (paths.length === 0) return new Map();
  const isCounted = kind === "spans" ? sql`signal <> 'metric'` : sql`true`;
  const rows = await db.query(
    sql`SELECT span_id, count(*) AS n FROM read_parquet(${paths}) WHERE ${isCounted} GROUP BY span_id`,
    { timeoutMs: QUERY_TIMEOUT_MS },
  );
  return new Map(rows.map((row) => [String(row["span_id"]), Number(row["n"])]));
}
