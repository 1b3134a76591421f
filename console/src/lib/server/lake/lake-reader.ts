import { join } from "node:path";
import { DuckDb } from "@lensai/analytics/duckdb/connect";
import type { FileQuery } from "@lensai/analytics/lake/live-files";
import type { ManifestCommit } from "@lensai/analytics/lake/manifest";
import { openLake } from "@lensai/analytics/lake/open-lake";
import { LakeIndex } from "@lensai/analytics/lake/read-manifest";
import { openStore, type StoreSettings } from "@lensai/analytics/object-store/open-store";
import type { QueryTarget } from "@lensai/analytics/queries/query-source";
import { ResultCache } from "../result-cache.ts";
import type { LakeSettings } from "../settings.ts";
import { openLocalFiles, type LocalFiles } from "./local-files.ts";

/** What the pages read the lake through. Nothing is opened before the first call. */
export interface LakeReader {
  /** Takes in new commits, unless that happened a moment ago. Rejects when the lake cannot be read. */
  refresh(): Promise<void>;
  /** Takes in new commits; answers which projects got rows since this was last asked. */
  lookForNews(): Promise<ReadonlySet<string>>;
  /** Are there rows of the project, of any kind and time? */
  hasRows(projectId: string): boolean;
  /** What a query over these rows runs on, and a key that names exactly the files it reads. */
  target(query: FileQuery): Promise<QueryTarget & { readonly filesKey: string }>;
  readonly results: ResultCache;
  close(): Promise<void>;
}

interface OpenedLake {
  readonly index: LakeIndex;
  readonly files: LocalFiles;
  close(): Promise<void>;
}

/** A page and its live stream ask in the same moment; one look serves both. */
const REFRESH_INTERVAL_MS = 500;
const ALL_TIMES = { fromUnixMs: Number.MIN_SAFE_INTEGER, toUnixMs: Number.MAX_SAFE_INTEGER };

export function createLakeReader(settings: LakeSettings): LakeReader {
  const duckDb = new DuckDb({ tempDirectory: join(settings.cacheFolder, "duckdb") });
  const news = new Set<string>();
  let opening: Promise<OpenedLake> | undefined;
  let opened: OpenedLake | undefined;
  let refreshedAtMs = Number.NEGATIVE_INFINITY;

  const open = async (): Promise<OpenedLake> => {
    // A lake that could not be opened is tried again at the next call.
    opening ??= openIndexedLake(settings).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    opened = await opening;
    return opened;
  };
  const poll = async (): Promise<void> => {
    const { index } = await open();
    const startedAtMs = performance.now();
    for (const projectId of projectsOf(await index.refresh())) news.add(projectId);
    refreshedAtMs = startedAtMs;
  };
  return {
    results: new ResultCache(),
    refresh: async () => {
      if (performance.now() - refreshedAtMs >= REFRESH_INTERVAL_MS) await poll();
    },
    lookForNews: async () => {
      await poll();
      const found = new Set(news);
      news.clear();
      return found;
    },
    hasRows: (projectId) =>
      (opened?.index.filesFor({ kind: "spans", projectId, ...ALL_TIMES }) ?? []).length > 0,
    target: async (query) => {
      const { index, files } = await open();
      const wanted = index.filesFor(query);
      const filesKey = wanted.map((file) => file.key).join("\n");
      return { duckDb, source: { files: await files.pathsOf(wanted) }, filesKey };
    },
    close: async () => {
      await duckDb.close();
      const lake = await opening?.catch(() => undefined);
      await lake?.close();
    },
  };
}

async function openIndexedLake(settings: LakeSettings): Promise<OpenedLake> {
  const store = await openStore(settings.url, storeSettings(settings));
  const lake = openLake({ store, region: settings.region });
  const [index, files] = [await LakeIndex.open(lake), await openLocalFiles(store, settings)];
  return { index, files, close: () => store.close() };
}

/** Absent values must be absent, not undefined: the S3 client reads the difference. */
function storeSettings({ s3 }: LakeSettings): StoreSettings {
  const given = Object.entries(s3).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as StoreSettings;
}

function projectsOf(commits: readonly ManifestCommit[]): string[] {
  return commits.flatMap((commit) => commit.add.flatMap((file) => file.projects));
}
