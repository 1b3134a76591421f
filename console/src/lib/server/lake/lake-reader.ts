import { createHash } from "node:crypto";
import { join } from "node:path";
import { DuckDb } from "@lensai/analytics/duckdb/connect";
import type { FileQuery } from "@lensai/analytics/lake/live-files";
import { openLocalFiles } from "@lensai/analytics/lake/local-cache";
import { useLiveFiles } from "@lensai/analytics/lake/local-files";
import type { LocalFiles } from "@lensai/analytics/lake/local-files";
import { isSwap } from "@lensai/analytics/lake/manifest";
import type { ManifestCommit, ManifestFile } from "@lensai/analytics/lake/manifest";
import { openLake } from "@lensai/analytics/lake/open-lake";
import type { Lake } from "@lensai/analytics/lake/open-lake";
import { LakeIndex } from "@lensai/analytics/lake/read-manifest";
import { openStore, type StoreSettings } from "@lensai/analytics/object-store/open-store";
import type { OpenedSeal } from "@lensai/analytics/seals/lake-seal";
import { readNewestSeal } from "@lensai/analytics/seals/read-seals";
import { manifestSource } from "@lensai/analytics/queries/manifest-source";
import type { QuerySource, QueryTarget } from "@lensai/analytics/queries/query-source";
import { logError } from "../log.ts";
import { ResultCache } from "../result-cache.ts";
import type { LakeSettings } from "../settings.ts";
import { NewFiles } from "./new-files.ts";

/** What the pages read the lake through. Nothing is opened before the first call. */
export interface LakeReader {
  /** Takes in new commits, unless that happened a moment ago. Rejects when the lake cannot be read. */
  refresh(): Promise<void>;
  /** Takes in new commits; answers which projects got rows since this was last asked. */
  lookForNews(): Promise<ReadonlySet<string>>;
  /**
   * The function that it answers with takes in new commits, and answers with the files that came to count since it was
   * last called; the first time, with all. Files that hold rows of others anew are none.
   */
  follow(): () => Promise<readonly ManifestFile[]>;
  /** The newest commits taken in: may the project have rows, of any kind and time? */
  hasRows(projectId: string): boolean;
  /** The newest commits taken in: may what was said in this time be stored? False of a lake that nobody has asked yet. */
  hasContent(range: FileQueryRange): boolean;
  /**
   * Runs queries over the files that can hold the rows asked for. Answers are kept under `name` as long as
   * the files are the same; `name` must carry every other input of the queries.
   */
  ask<T>(question: Question, run: (target: QueryTarget) => Promise<T>): Promise<T>;
  /** The same, not kept: for answers that are long, or asked for once. */
  askOnce<T>(range: FileQueryRange, run: (target: QueryTarget) => Promise<T>): Promise<T>;
  /** The same for queries that join the content files of the same rows; never kept. */
  askWithContent<T>(query: FileQueryRange, run: ContentQuery<T>): Promise<T>;
  /** The newest seal of the lake; undefined while there is none. Rejects with `lake.not_as_sealed` for one that another key has signed. */
  newestSeal(keyId: string): Promise<OpenedSeal | undefined>;
  close(): Promise<void>;
}

type FileQueryRange = Omit<FileQuery, "kind">;

interface Question extends FileQueryRange {
  readonly name: string;
}

type ContentQuery<T> = (target: QueryTarget, content: QuerySource) => Promise<T>;

interface OpenedLake {
  readonly lake: Lake;
  readonly index: LakeIndex;
  readonly files: LocalFiles;
  close(): Promise<void>;
}

/** A page and its live stream ask in the same moment; one look serves both. */
const REFRESH_INTERVAL_MS = 500;
/** Disk for copies of a remote lake's files. */
const LOCAL_FILES_BYTES_MAX = 4 * 1024 ** 3;
const ALL_TIMES = { fromUnixMs: Number.MIN_SAFE_INTEGER, toUnixMs: Number.MAX_SAFE_INTEGER };

export function createLakeReader(settings: LakeSettings): LakeReader {
  const duckDb = new DuckDb();
  const results = new ResultCache();
  const news = new Set<string>();
  const reportedCommits = new Set<string>();
  const newFiles = new NewFiles();
  let opening: Promise<OpenedLake> | undefined;
  let opened: OpenedLake | undefined;
  let refreshedAtMs = Number.NEGATIVE_INFINITY;

  const open = async (): Promise<OpenedLake> => {
    // A lake that could not be opened is tried again at the next call.
    opening ??= openIndexedLake(settings).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    const isFirst = opened === undefined;
    opened = await opening;
    if (isFirst) newFiles.add(opened.index.allFiles());
    return opened;
  };
  const poll = async (): Promise<void> => {
    const { index } = await open();
    const startedAtMs = performance.now();
    const commits = await index.refresh();
    for (const projectId of projectsOf(commits)) news.add(projectId);
    newFiles.addCommits(commits);
    refreshedAtMs = startedAtMs;
    reportMalformed(index, reportedCommits);
  };
  return {
    refresh: async () => {
      if (performance.now() - refreshedAtMs >= REFRESH_INTERVAL_MS) await poll();
    },
    lookForNews: () => poll().then(() => takeAll(news)),
    follow: () => {
      const take = newFiles.follow(opened?.index.allFiles() ?? []);
      return () => poll().then(take);
    },
    hasRows: (projectId) =>
      (opened?.index.filesFor({ kind: "spans", projectId, ...ALL_TIMES }) ?? []).length > 0,
    hasContent: (range) => (opened?.index.filesFor({ kind: "content", ...range }) ?? []).length > 0,
    ask: async ({ name, ...range }, run) => {
      const lake = { ...(await open()), refresh: poll };
      const fingerprint = fingerprintOf(lake.index.rowFilesFor(range));
      const key = `${name}\n${JSON.stringify(range)}\n${fingerprint}`;
      return results.get(key, () => runOnce(lake, range, (source) => run({ duckDb, source })));
    },
    askOnce: async (range, run) =>
      runOnce({ ...(await open()), refresh: poll }, range, (source) => run({ duckDb, source })),
    askWithContent: async (range, run) =>
      runWithContent({ ...(await open()), refresh: poll }, range, (spans, content) =>
        run({ duckDb, source: spans }, content),
      ),
    newestSeal: (keyId) => open().then(({ lake }) => readNewestSeal(lake, keyId)),
    close: async () => {
      await duckDb.close();
      const lake = await opening?.catch(() => undefined);
      await lake?.close();
    },
  };
}

function takeAll(news: Set<string>): ReadonlySet<string> {
  const found = new Set(news);
  news.clear();
  return found;
}

/** `refresh` takes in new commits. */
type FreshLake = OpenedLake & { readonly refresh: () => Promise<void> };

async function runOnce<T>(
  { index, files, refresh }: FreshLake,
  range: FileQueryRange,
  run: (source: QuerySource) => Promise<T>,
): Promise<T> {
  const choose = (): ManifestFile[] => index.rowFilesFor(range);
  return await useLiveFiles(files, { choose, refresh }, (wanted, paths) =>
    run(manifestSource(wanted, paths)),
  );
}

async function runWithContent<T>(
  { index, files, refresh }: FreshLake,
  range: FileQueryRange,
  run: (spans: QuerySource, content: QuerySource) => Promise<T>,
): Promise<T> {
  const choose = (): ManifestFile[] => [
    ...index.rowFilesFor(range),
    ...index.filesFor({ kind: "content", ...range }),
  ];
  return await useLiveFiles(files, { choose, refresh }, (wanted, paths) => {
    const firstContent = wanted.findIndex(({ kind }) => kind === "content");
    const end = firstContent === -1 ? wanted.length : firstContent;
    return run(
      manifestSource(wanted.slice(0, end), paths.slice(0, end)),
      manifestSource(wanted.slice(end), paths.slice(end)),
    );
  });
}

/** Rows of such a commit are missing from every answer: an operator must hear of it, once. */
function reportMalformed({ malformed }: LakeIndex, reported: Set<string>): void {
  for (const [key, problem] of malformed) {
    if (reported.has(key)) continue;
    reported.add(key);
    logError("a commit of the lake cannot be read and its rows are missing", { key, problem });
  }
}

async function openIndexedLake(settings: LakeSettings): Promise<OpenedLake> {
  const store = await openStore(settings.url, storeSettings(settings));
  const files = await openLocalFiles({
    store,
    folder: join(settings.cacheFolder, "objects"),
    maxBytes: LOCAL_FILES_BYTES_MAX,
  });
  const lake = openLake({ store, region: settings.region });
  const index = await LakeIndex.open(lake);
  return { lake, index, files, close: () => store.close() };
}

/** Absent values must be absent, not undefined: the S3 client tells them apart. */
export function storeSettings({ s3 }: LakeSettings): StoreSettings {
  const given = Object.entries(s3).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as StoreSettings;
}

function projectsOf(commits: readonly ManifestCommit[]): string[] {
  const landings = commits.filter((commit) => !isSwap(commit));
  return landings.flatMap((commit) => commit.add.flatMap((file) => file.projects));
}

/** Stands for exactly these files, however many they are. */
function fingerprintOf(files: readonly ManifestFile[]): string {
  const hash = createHash("sha256");
  for (const { key } of files) hash.update(key).update("\n");
  return hash.digest("base64url");
}
