import { join } from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { DuckDb } from "../duckdb/connect.ts";
import { openLocalFiles } from "../lake/local-cache.ts";
import { useLiveFiles } from "../lake/local-files.ts";
import type { LocalFiles } from "../lake/local-files.ts";
import type { ManifestFile } from "../lake/manifest.ts";
import { openLake } from "../lake/open-lake.ts";
import type { Lake } from "../lake/open-lake.ts";
import { LakeIndex } from "../lake/read-manifest.ts";
import { openStore } from "../object-store/open-store.ts";
import type { StoreSettings } from "../object-store/open-store.ts";
import { manifestSource } from "../queries/manifest-source.ts";
import type { QueryTarget, TimeRange } from "../queries/query-source.ts";
import { readSettings } from "./cli-context.ts";
import type { CliContext, CliSettings } from "./cli-context.ts";

/** A lake as commands read it. */
export interface CliLake {
  /** For commands that write. */
  readonly lake: Lake;
  readonly files: LocalFiles;
  /** Below the data folder, for files on their way. */
  readonly workFolder: string;
  /** The lake's files as of now. */
  readonly freshIndex: () => Promise<LakeIndex>;
  /** Every project that has a row, in ascending order. */
  readonly projects: readonly string[];
  /** Asks the files that can hold rows of the project and range; undefined when there are none. */
  ask<T>(
    projectId: string,
    range: TimeRange,
    run: (target: QueryTarget) => Promise<T>,
  ): Promise<T | undefined>;
}

/** Copies of a bucket's files, in a folder of its own: a cache has one owner. */
const CACHE_FOLDER = "cli-cache";
const WORK_FOLDER = "cli-work";
const CACHE_BYTES_MAX = 4 * 1024 ** 3;
/** A command may take its time. */
const QUERY_TIMEOUT_MS = 600_000;

/** Opens the lake that the settings name, for as long as `run` takes. */
export async function withLake<T>(
  context: CliContext,
  run: (lake: CliLake) => Promise<T>,
): Promise<T> {
  const settings = readSettings(context);
  const store = await openStore(settings.lakeUrl, storeSettings(settings));
  const duckDb = new DuckDb({ timeoutMs: QUERY_TIMEOUT_MS });
  try {
    const lake = openLake({ store, region: settings.region });
    const index = await LakeIndex.open(lake, context.now);
    const [broken] = index.malformed;
    if (broken !== undefined) {
      throw new LensError("lake.file_corrupt", `the figures would be incomplete: ${broken[1]}`);
    }
    const folder = join(settings.dataDir, CACHE_FOLDER);
    const files = await openLocalFiles({ store, folder, maxBytes: CACHE_BYTES_MAX });
    const projects = [...new Set(index.allFiles().flatMap((file) => file.projects))].toSorted();
    const freshIndex = async (): Promise<LakeIndex> => {
      await index.refresh();
      return index;
    };
    return await run({
      lake,
      files,
      workFolder: join(settings.dataDir, WORK_FOLDER),
      freshIndex,
      projects,
      ask: async (projectId, range, ask) => {
        const choose = (): ManifestFile[] => index.rowFilesFor({ projectId, ...range });
        if (choose().length === 0) return undefined;
        return await useLiveFiles(files, { choose, refresh: freshIndex }, (wanted, paths) =>
          ask({ duckDb, source: manifestSource(wanted, paths) }),
        );
      },
    });
  } finally {
    await duckDb.close();
    await store.close();
  }
}

/** Absent values must be absent, not undefined: the S3 client tells them apart. */
function storeSettings({ s3, awsRegion }: CliSettings): StoreSettings {
  const given = Object.entries(s3).filter(([, value]) => value !== undefined);
  return { region: awsRegion, ...(Object.fromEntries(given) as StoreSettings) };
}
