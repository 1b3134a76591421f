import { DuckDb } from "@lensai/analytics/duckdb/connect";
import { sql } from "@lensai/analytics/duckdb/sql";
import { openLake } from "@lensai/analytics/lake/open-lake";
import { LakeIndex } from "@lensai/analytics/lake/read-manifest";
import { openStore } from "@lensai/analytics/object-store/open-store";

/** The committed files of span rows in a folder lake. */
export async function spanFilesIn(folder: string): Promise<string[]> {
  const store = await openStore(folder);
  try {
    const index = await LakeIndex.open(openLake({ store, region: "local" }));
    const files = index.allFiles().filter(({ kind }) => kind === "spans");
    return files.map(({ key }) => store.localPath?.(key) ?? "");
  } finally {
    await store.close();
  }
}

/** How often each span id lies in them, as any reader would count it. */
export async function countSpanIds(folder: string): Promise<Map<string, number>> {
  const db = new DuckDb({ threads: 1 });
  const counts = new Map<string, number>();
  try {
    const paths = await spanFilesIn(folder);
    if (paths.length === 0) return counts;
    const rows = await db.query(
      sql`SELECT span_id, count(*) AS n FROM read_parquet(${paths}) WHERE signal <> 'metric' GROUP BY span_id`,
      { timeoutMs: 60_000 },
    );
    for (const row of rows) counts.set(String(row["span_id"]), Number(row["n"]));
  } finally {
    await db.close();
  }
  return counts;
}
