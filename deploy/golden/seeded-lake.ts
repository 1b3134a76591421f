import { randomBytes } from "node:crypto";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { DuckDb } from "@lensai/analytics/duckdb/connect";
import { openLake } from "@lensai/analytics/lake/open-lake";
import { LakeIndex } from "@lensai/analytics/lake/read-manifest";
import { openStore } from "@lensai/analytics/object-store/open-store";
import { manifestSource } from "@lensai/analytics/queries/manifest-source";
import { projectSummary } from "@lensai/analytics/queries/project-summary";
import type { ProjectSummary } from "@lensai/analytics/queries/project-summary";
import { createCollector } from "@lensai/collector/collector";
import { parseConfig } from "@lensai/collector/config";
import { LakePipeline } from "@lensai/collector/lake-pipeline";
import { createLog } from "@lensai/collector/log";
import { DEFAULT_PROJECT_ID } from "@lensai/otel-config/control/projects";
import { encodeTraces } from "../seed/encode.ts";
import { sendBatch } from "../seed/send.ts";
import { generateTraffic } from "../seed/traffic.ts";
import type { TrafficPlan } from "../seed/traffic.ts";

const DAY_MS = 86_400_000;
const SEGMENT_BYTES = 8 * 1024 * 1024;

/** Sends a plan's traffic to a collector of its own, which lands it in `<dataDir>/lake`. */
export async function seedLake(dataDir: string, plan: TrafficPlan): Promise<void> {
  const apiKey = `golden_${randomBytes(16).toString("hex")}`;
  const config = parseConfig(
    {
      LENSAI_DATA_DIR: dataDir,
      LENSAI_BOOTSTRAP_KEY: apiKey,
      LENSAI_OTLP_HTTP_PORT: "0",
      LENSAI_OTLP_GRPC_PORT: "0",
      LENSAI_WAL_SEGMENT_BYTES: String(SEGMENT_BYTES),
    },
    dataDir,
  );
  const log = createLog(
    () => undefined,
    () => new Date(),
  );
  const pipeline = new LakePipeline(config);
  const collector = createCollector(config, { pipeline, nowMs: Date.now, log });
  await collector.start();
  try {
    const receiver = { url: `http://127.0.0.1:${collector.httpPort}`, apiKey };
    for (const { traces } of generateTraffic(plan)) {
      if (traces.length > 0) await sendBatch(receiver, encodeTraces(traces));
    }
  } finally {
    // Lands what was accepted.
    await collector.stop();
  }
}

/** What the console shows for the whole of the lake. */
export async function lakeTotal(dataDir: string, plan: TrafficPlan): Promise<ProjectSummary> {
  const store = await openStore(pathToFileURL(path.join(dataDir, "lake")).href);
  const duckDb = new DuckDb();
  try {
    const index = await LakeIndex.open(openLake({ store, region: "local" }));
    const range = {
      fromUnixMs: plan.untilMs - (plan.days + 1) * DAY_MS,
      toUnixMs: plan.untilMs + DAY_MS,
    };
    const files = index.rowFilesFor({ projectId: DEFAULT_PROJECT_ID, ...range });
    const paths = files.map(({ key }) => store.localPath?.(key) ?? "");
    const source = manifestSource(files, paths);
    return await projectSummary(DEFAULT_PROJECT_ID, range, { duckDb, source });
  } finally {
    await duckDb.close();
    await store.close();
  }
}
