import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { appendRow } from "@lensai/otel-config/span-row/span-row";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import type { DuckDb, SqlRow } from "../../src/duckdb/connect.ts";
import { sql } from "../../src/duckdb/sql.ts";
import { appendRows } from "../../src/lake/append.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { LakeIndex } from "../../src/lake/read-manifest.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { manifestSource } from "../../src/queries/manifest-source.ts";
import { scanOf } from "../../src/queries/query-source.ts";
import type { QuerySource, TimeRange } from "../../src/queries/query-source.ts";
import {
  correctionNames,
  landCorrections,
  recomputeRange,
} from "../../src/recompute/recompute-lake.ts";
import { DAY_MS } from "../support/span-rows.ts";

const HOUR_MS = 3_600_000;
const DAY = DAY_MS / 86_400_000;

/** A folder lake whose bills are decided by recomputation. */
export interface RecomputedLake {
  land(rows: readonly SpanRow[]): Promise<void>;
  /** Decides about the hours from `fromHour` up to `toHour` of DAY_MS; answers how many verdicts changed. */
  recompute(fromHour: number, toHour: number): Promise<number>;
  /** Rows with corrections applied, by batch and ordinal. */
  rows(): Promise<SqlRow[]>;
}

export async function withRecomputedLake(
  duckDb: DuckDb,
  run: (lake: RecomputedLake) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "lensai-recomputed-"));
  const store = await openStore(folder);
  const lake = openLake({ store, region: "local" });
  const book = createPriceBook([]);
  let landings = 0;
  const sourceOf = (index: LakeIndex, range?: TimeRange): QuerySource => {
    const files =
      range === undefined ? index.allFiles() : index.rowFilesFor({ projectId: "p1", ...range });
    const paths = files.map(({ key }) => store.localPath?.(key) ?? "");
    return manifestSource(files, paths);
  };
  const nextMoment = (): Date => new Date(DAY_MS + 24 * HOUR_MS + (landings += 1));
  try {
    await run({
      land: async (rows) => {
        const batch = new RowBatch(Math.max(1, rows.length));
        for (const row of rows) appendRow(batch, row, DAY);
        const landedAt = nextMoment();
        await appendRows(lake, batch, { name: `c-${landings}`, landedAt });
      },
      recompute: async (fromHour, toHour) => {
        const index = await LakeIndex.open(lake);
        const range = {
          fromUnixMs: DAY_MS + fromHour * HOUR_MS,
          toUnixMs: DAY_MS + toHour * HOUR_MS,
        };
        const decidedAt = nextMoment();
        const task = { projects: ["p1"], range, decidedAt, book };
        const { corrections } = await recomputeRange(task, async (_, wanted, ask) => {
          const source = sourceOf(index, wanted);
          return source.files.length === 0 ? undefined : ask({ duckDb, source });
        });
        const nextName = correctionNames("test", decidedAt);
        await landCorrections(lake, corrections, { nextName, landedAt: decidedAt });
        return corrections.length;
      },
      rows: async () => {
        const index = await LakeIndex.open(lake);
        return duckDb.query(
          sql`SELECT * FROM ${scanOf(sourceOf(index))} ORDER BY batch_id, record_ordinal`,
        );
      },
    });
  } finally {
    await store.close();
    await rm(folder, { recursive: true });
  }
}
