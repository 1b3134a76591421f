import path from "node:path";
import { pathToFileURL } from "node:url";
import { DuckDb } from "@lensai/analytics/duckdb/connect";
import { sql } from "@lensai/analytics/duckdb/sql";
import { openLake } from "@lensai/analytics/lake/open-lake";
import { LakeIndex } from "@lensai/analytics/lake/read-manifest";
import { openStore } from "@lensai/analytics/object-store/open-store";
import { boundFacts } from "@lensai/analytics/queries/bound-facts";
import type { CallBoundFacts } from "@lensai/analytics/queries/bound-facts";
import { manifestSource } from "@lensai/analytics/queries/manifest-source";
import { rowsOf } from "@lensai/analytics/queries/query-source";
import { DEFAULT_PROJECT_ID } from "@lensai/otel-config/control/projects";

/** What the guard says of one call, all of its attempts together. */
export interface CallCharge {
  readonly chargedNanoUsd: bigint;
  /** What the ledger counts once the calls have landed: their bills, and the charge where nobody knows a bill. */
  readonly countedNanoUsd: bigint;
  readonly isCutOff: boolean;
}

/** Clocks of the fleet are wrong by an hour at most. */
const CLOCKS_MS = 2 * 3_600_000;

/** What the lake knows of the calls of an environment. */
export interface LandedCalls {
  /** By the name that the application gave each (`feature`). */
  readonly charges: ReadonlyMap<string, CallCharge>;
  /** By which the console shows the bound of the budget. */
  readonly bound: CallBoundFacts;
}

export async function readCalls(
  dataDir: string,
  environment: string,
  sinceMs: number,
): Promise<LandedCalls> {
  const store = await openStore(pathToFileURL(path.join(dataDir, "lake")).href);
  const duckDb = new DuckDb({ threads: 1 });
  try {
    const index = await LakeIndex.open(openLake({ store, region: "local" }));
    const range = { fromUnixMs: sinceMs - CLOCKS_MS, toUnixMs: Date.now() + CLOCKS_MS };
    const files = index.rowFilesFor({ projectId: DEFAULT_PROJECT_ID, ...range });
    const paths = files.map(({ key }) => store.localPath?.(key) ?? "");
    const source = manifestSource(files, paths);
    const input = { ...range, scope: { environment } };
    const bound = await boundFacts(DEFAULT_PROJECT_ID, input, { duckDb, source });
    if (files.length === 0) return { charges: new Map(), bound };
    const rows = await duckDb.query(sql`
      SELECT feature, coalesce(sum(charged_nano_usd), 0)::BIGINT AS charged,
        coalesce(sum(coalesce(cost_nano_usd, charged_nano_usd)) FILTER (WHERE billed), 0)::BIGINT AS counted,
        bool_or(budget_decision = 'cut_off') AS is_cut_off
      ${rowsOf(DEFAULT_PROJECT_ID, range, source)}
        AND environment = ${environment} AND feature IS NOT NULL AND charged_nano_usd IS NOT NULL
      GROUP BY feature`);
    const charges = new Map(
      rows.map((row) => [
        String(row["feature"]),
        {
          chargedNanoUsd: row["charged"] as bigint,
          countedNanoUsd: row["counted"] as bigint,
          isCutOff: row["is_cut_off"] === true,
        },
      ]),
    );
    return { charges, bound };
  } finally {
    await duckDb.close();
    await store.close();
  }
}
