import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { DuckDb } from "@lensai/analytics/duckdb/connect";
import { sql } from "@lensai/analytics/duckdb/sql";
import { openLake } from "@lensai/analytics/lake/open-lake";
import { LakeIndex } from "@lensai/analytics/lake/read-manifest";
import { openStore } from "@lensai/analytics/object-store/open-store";
import {
  correctionNames,
  landCorrections,
  recomputeRange,
} from "@lensai/analytics/recompute/recompute-lake";
import type { ManifestFile } from "@lensai/analytics/lake/manifest";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { manifestSource } from "@lensai/analytics/queries/manifest-source";
import { rowsOf } from "@lensai/analytics/queries/query-source";
import type { QuerySource, TimeRange } from "@lensai/analytics/queries/query-source";
import { createCollector } from "@lensai/collector/collector";
import { parseConfig } from "@lensai/collector/config";
import { LakePipeline } from "@lensai/collector/lake-pipeline";
import { createLog } from "@lensai/collector/log";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import type { Recorded } from "./capture.ts";
import { replay } from "./replay.ts";
import type { ReceiverPorts } from "./replay.ts";

/** The project of a sender without a key. */
const PROJECT_ID = "default";
const DAY_MS = 86_400_000;
/** What a busy machine does not land before a collector has to stop lands when it starts again. */
const STARTS_MAX = 3;

export interface Landed {
  /** In the order in which they started. */
  readonly rows: readonly SpanRow[];
  /** Requests that the collector did not take, and why. */
  readonly refused: readonly string[];
}

/**
 * Sends recorded requests to a collector of their own, lets it land everything, and reads the rows back as
 * any reader of the lake does.
 */
export async function landRequests(requests: readonly Recorded[]): Promise<Landed> {
  const refused: string[] = [];
  const { rows } = await landDuring(async (ports) => {
    for (const recorded of requests) {
      const said = await replay(recorded, ports);
      if (said !== undefined) refused.push(`${recorded.file}: ${said}`);
    }
  });
  return { refused, rows };
}

/** The rows of everything that a collector of its own, on these ports, was sent while `work` ran. */
export async function landDuring(
  work: (ports: ReceiverPorts) => Promise<void>,
): Promise<Pick<Landed, "rows">> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), "lensai-clients-"));
  try {
    await workWithCollector(work, dataDir);
    let rows = await readRows(dataDir);
    for (let starts = 1; rows.length === 0 && starts < STARTS_MAX; starts += 1) {
      await workWithCollector(() => Promise.resolve(), dataDir);
      rows = await readRows(dataDir);
    }
    return { rows };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function workWithCollector(
  work: (ports: ReceiverPorts) => Promise<void>,
  dataDir: string,
): Promise<void> {
  const config = parseConfig(
    {
      LENSAI_DATA_DIR: dataDir,
      LENSAI_OTLP_HTTP_PORT: "0",
      LENSAI_OTLP_GRPC_PORT: "0",
      LENSAI_LANDING_INTERVAL_MS: "50",
      LENSAI_WAL_SEGMENT_BYTES: String(8 * 1024 * 1024),
    },
    dataDir,
  );
  const pipeline = new LakePipeline(config);
  const log = createLog(
    () => undefined,
    () => new Date(),
  );
  const collector = createCollector(config, { pipeline, nowMs: Date.now, log });
  await collector.start();
  try {
    await work(collector);
  } finally {
    // Lands what was accepted.
    await collector.stop();
  }
}

async function readRows(dataDir: string): Promise<SpanRow[]> {
  const store = await openStore(pathToFileURL(path.join(dataDir, "lake")).href);
  const duckDb = new DuckDb({ threads: 1 });
  try {
    const lake = openLake({ store, region: "local" });
    const index = await LakeIndex.open(lake);
    const spans = index.allFiles().filter(({ kind }) => kind !== "content");
    if (spans.length === 0) return [];
    const sourceOf = (files: readonly ManifestFile[]): QuerySource =>
      manifestSource(
        files,
        files.map(({ key }) => store.localPath?.(key) ?? ""),
      );
    const range = wholeRange(sourceOf(spans));
    // What spans and logs do not tell is billed for metrics, by the recomputation over the lake.
    const task = {
      projects: [PROJECT_ID],
      range,
      decidedAt: new Date(),
      book: createPriceBook([]),
    };
    const found = await recomputeRange(task, async (projectId, wanted, run) => {
      const files = index.rowFilesFor({ projectId, ...wanted });
      return files.length === 0 ? undefined : run({ duckDb, source: sourceOf(files) });
    });
    const landedAt = new Date();
    const nextName = correctionNames("recompute", landedAt);
    await landCorrections(lake, found.corrections, { nextName, landedAt });
    await index.refresh();
    const source = sourceOf(index.allFiles().filter(({ kind }) => kind !== "content"));
    const rows = await duckDb.query(
      sql`SELECT * ${rowsOf(PROJECT_ID, range, source)} ORDER BY start_unix_nano, span_id`,
    );
    return rows as SpanRow[];
  } finally {
    await duckDb.close();
    await store.close();
  }
}

function wholeRange({ bounds = [] }: QuerySource): TimeRange {
  return {
    fromUnixMs: Math.min(...bounds.map(({ fromUnixMs }) => fromUnixMs)) - DAY_MS,
    toUnixMs: Math.max(...bounds.map(({ toUnixMs }) => toUnixMs)) + DAY_MS,
  };
}
