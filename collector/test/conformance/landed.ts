import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { DuckDb } from "@lensai/analytics/duckdb/connect";
import type { SqlRow } from "@lensai/analytics/duckdb/connect";
import { sql } from "@lensai/analytics/duckdb/sql";
import { openLake } from "@lensai/analytics/lake/open-lake";
import { LakeIndex } from "@lensai/analytics/lake/read-manifest";
import { openStore } from "@lensai/analytics/object-store/open-store";
import { expect } from "vitest";
import { parseConfig } from "../../src/config.ts";
import type { CollectorConfig } from "../../src/config.ts";
import { LakePipeline } from "../../src/lake-pipeline.ts";
import type { LandingState } from "../../src/landing/landing.ts";
import type { SnapshotSections } from "../control/snapshot-server.ts";
import { startCollector } from "./harness.ts";
import type { TestCollector, TestRequest, TestResponse } from "./harness.ts";

/** A whole collector, whose rows are read back from the lake it writes. */
export interface LandedCollector {
  readonly dataDir: string;
  readonly target: TestCollector;
  /** Sends; expects 200; answers with the rows that landed because of it. */
  land(...requests: TestRequest[]): Promise<SqlRow[]>;
  /** Sends one request and answers with the response and what landed. */
  exchange(request: TestRequest): Promise<{ response: TestResponse; rows: SqlRow[] }>;
  /** The rows that landed since they were last asked for, once everything accepted has landed. */
  newRows(): Promise<SqlRow[]>;
  /** Everything in the lake, as local paths of span files. */
  spanFiles(): Promise<string[]>;
  /** Segments that were set aside because the lake held other rows under their name. */
  readonly conflicts: number;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Soon enough for a test, late enough to see that several requests share a segment. */
const LANDING_INTERVAL_MS = 50;

export async function startLandedCollector(sections?: SnapshotSections): Promise<LandedCollector> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), "lensai-landed-"));
  const lakeUrl = pathToFileURL(path.join(dataDir, "lake")).href;
  const config: Partial<CollectorConfig> = {
    dataDir,
    lakeUrl,
    landingIntervalMs: LANDING_INTERVAL_MS,
    walSegmentBytes: 16 * 1024 * 1024,
  };
  const duckDb = new DuckDb();
  const lake = openLake({ store: await openStore(lakeUrl), region: "local" });
  const seen = new Set<string>();
  let running = await startReal(config, sections);

  const newFiles = async (): Promise<string[]> => {
    await expect.poll(() => isIdle(running.pipeline), { interval: 5 }).toBe(true);
    const index = await LakeIndex.open(lake);
    const spans = index.allFiles().filter(({ kind, key }) => kind === "spans" && !seen.has(key));
    for (const { key } of spans) seen.add(key);
    return spans.map(({ key }) => path.join(dataDir, "lake", key));
  };
  const newRows = async (): Promise<SqlRow[]> => {
    const files = await newFiles();
    if (files.length === 0) return [];
    return duckDb.query(sql`
      SELECT * REPLACE (epoch_us(start_time) AS start_time, epoch_us(received_at) AS received_at)
      FROM read_parquet(${files}, union_by_name = true) ORDER BY start_unix_nano, span_id`);
  };
  const landed: LandedCollector = {
    dataDir,
    get target() {
      return running.target;
    },
    get conflicts() {
      return landingOf(running.pipeline).conflicts;
    },
    async land(...requests) {
      await newRows();
      for (const request of requests) {
        const response = await running.target.send(request);
        expect([response.status, response.body.toString()]).toEqual([200, expect.any(String)]);
      }
      return newRows();
    },
    async exchange(request) {
      await newRows();
      const response = await running.target.send(request);
      return { response, rows: await newRows() };
    },
    newRows,
    async spanFiles() {
      const index = await LakeIndex.open(lake);
      const spans = index.allFiles().filter(({ kind }) => kind === "spans");
      return spans.map(({ key }) => path.join(dataDir, "lake", key));
    },
    async restart() {
      await running.target.stop();
      running = await startReal(config, sections);
    },
    async stop() {
      await running.target.stop();
      await duckDb.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return landed;
}

async function startReal(
  config: Partial<CollectorConfig>,
  sections: SnapshotSections | undefined,
): Promise<{ target: TestCollector; pipeline: LakePipeline }> {
  const pipeline = new LakePipeline({ ...parseConfig({}, os.tmpdir()), ...config });
  const console = sections === undefined ? {} : { sections };
  return { target: await startCollector({ config, pipeline, ...console }), pipeline };
}

function isIdle(pipeline: LakePipeline): boolean {
  const { waitingSegments, oldestReceivedMs } = landingOf(pipeline);
  return waitingSegments === 0 && oldestReceivedMs === undefined;
}

function landingOf(pipeline: LakePipeline): LandingState {
  return (pipeline.stats() as { landing: LandingState }).landing;
}

/** True when any file below the folder holds the text. */
export async function isStoredAnywhere(folder: string, text: string): Promise<boolean> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(path.join(entry.parentPath, entry.name));
    if (bytes.includes(text)) return true;
  }
  return false;
}

/** The attributes of a landed row. */
export function attributesOf(row: SqlRow | undefined): Record<string, unknown> {
  return JSON.parse((row?.["attributes"] as string | null) ?? "{}") as Record<string, unknown>;
}
