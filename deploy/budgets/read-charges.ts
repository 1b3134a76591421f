import path from "node:path";
import { pathToFileURL } from "node:url";
import { DuckDb } from "@lensai/analytics/duckdb/connect";
import { sql } from "@lensai/analytics/duckdb/sql";
import { openLake } from "@lensai/analytics/lake/open-lake";
import { LakeIndex } from "@lensai/analytics/lake/read-manifest";
import { openStore } from "@lensai/analytics/object-store/open-store";
import { manifestSource } from "@lensai/analytics/queries/manifest-source";
import { rowsOf } from "@lensai/analytics/queries/query-source";
import { DEFAULT_PROJECT_ID } from "@lensai/otel-config/control/projects";

/** What the guard says of one call, all of its attempts together. */
export interface CallCharge {
  readonly chargedNanoUsd: bigint;
  readonly isCutOff: boolean;
}

/** Clocks of the fleet are wrong by an hour at most. */
const CLOCKS_MS = 2 * 3_600_000;

/** The calls of an environment whose spans have landed, by the name that the application gave each (`feature`). */
export async function readCharges(
  dataDir: string,
  environment: string,
  sinceMs: number,
): Promise<ReadonlyMap<string, CallCharge>> {
  const store = await openStore(pathToFileURL(path.join(dataDir, "lake")).href);
  const duckDb = new DuckDb({ threads: 1 });
  try {
    const index = await LakeIndex.open(openLake({ store, region: "local" }));
    const range = { fromUnixMs: sinceMs - CLOCKS_MS, toUnixMs: Date.now() + CLOCKS_MS };
    const files = index.rowFilesFor({ projectId: DEFAULT_PROJECT_ID, ...range });
    if (files.length === 0) return new Map();
    const paths = files.map(({ key }) => store.localPath?.(key) ?? "");
    const rows = await duckDb.query(sql`
      SELECT feature, coalesce(sum(charged_nano_usd), 0)::BIGINT AS charged,
        bool_or(budget_decision = 'cut_off') AS is_cut_off
      ${rowsOf(DEFAULT_PROJECT_ID, range, manifestSource(files, paths))}
        AND environment = ${environment} AND feature IS NOT NULL AND charged_nano_usd IS NOT NULL
      GROUP BY feature`);
    return new Map(
      rows.map((row) => [
        String(row["feature"]),
        { chargedNanoUsd: row["charged"] as bigint, isCutOff: row["is_cut_off"] === true },
      ]),
    );
  } finally {
    await duckDb.close();
    await store.close();
  }
}
