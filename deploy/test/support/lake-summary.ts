import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { DuckDb } from "@lensai/analytics/duckdb/connect";
import { openLake } from "@lensai/analytics/lake/open-lake";
import { LakeIndex } from "@lensai/analytics/lake/read-manifest";
import { openStore } from "@lensai/analytics/object-store/open-store";
import { manifestSource } from "@lensai/analytics/queries/manifest-source";
import { projectSummary, type ProjectSummary } from "@lensai/analytics/queries/project-summary";

const DAY_MS = 86_400_000;

/** What the lake of a data folder says about a project over the last `days`, read as any reader would. */
export async function lakeSummary(
  dataDir: string,
  projectId: string,
  days = 40,
): Promise<ProjectSummary> {
  const store = await openStore(pathToFileURL(join(dataDir, "lake")).href);
  const duckDb = new DuckDb({ threads: 1 });
  try {
    const index = await LakeIndex.open(openLake({ store, region: "local" }));
    const range = { fromUnixMs: Date.now() - days * DAY_MS, toUnixMs: Date.now() + DAY_MS };
    const files = index.rowFilesFor({ projectId, ...range });
    const paths = files.map((file) => store.localPath?.(file.key) ?? "");
    return await projectSummary(projectId, range, { duckDb, source: manifestSource(files, paths) });
  } finally {
    await duckDb.close();
    await store.close();
  }
}
