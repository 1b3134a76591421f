import { streamParquet } from "@lensai/analytics/parquet/stream-parquet";
import { newestCalls, type CallPlace } from "@lensai/analytics/queries/newest-calls";
import { z } from "zod";
import type { LakeReader } from "../../lake/lake-reader.ts";
import { bodyStream } from "../../http/body-stream.ts";
import { logError } from "../../log.ts";
import { toCallJson } from "../call-json.ts";
import { CALL_COLUMNS, csvHeader, csvLine } from "../call-table.ts";
import { jsonText } from "../answer.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
import { filterOf, filterQuery, rangeOf, timeQuery } from "../time-query.ts";

/** Read at once; a page of calls is a few hundred kilobytes. */
const CHUNK_CALLS = 1000;
/** A row group of Parquet: enough for columns to compress, and some megabytes in memory. */
const CHUNKS_PER_ROW_GROUP = 10;

const MEDIA_TYPES = {
  ndjson: "application/x-ndjson",
  csv: "text/csv",
  parquet: "application/vnd.apache.parquet",
} as const;
type ExportFormat = keyof typeof MEDIA_TYPES;

export const exportRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/export/calls",
    operationId: "exportCalls",
    tag: "Calls",
    summary: "Streams every call of a time, newest first.",
    description:
      "NDJSON has one `Call` per line; CSV and Parquet have the same columns as each other. The answer is made while it is read: should it break off, the connection is closed in the middle, and no end is faked. The lake itself is Parquet as well, for whoever wants every record and every column.",
    permission: "export.read",
    query: z.strictObject({
      format: z.enum(["ndjson", "csv", "parquet"]).default("ndjson"),
      ...timeQuery,
      ...filterQuery,
    }),
    success: {
      status: 200,
      description: "The calls.",
      mediaTypes: Object.values(MEDIA_TYPES),
    },
    handle: async ({ console, projectId, query, requestId }) => {
      const range = rangeOf(query, console.services.now().getTime());
      // Before the first byte: a lake that cannot be read is a problem document, not half a file.
      await console.lake.refresh();
      const pages = callPages(console.lake, { projectId, ...range, filter: filterOf(query) });
      const chunks = bodyStream(FORMATS[query.format](pages), (error) =>
        logError("an export broke off", { requestId, error }),
      );
      return { stream: { mediaType: MEDIA_TYPES[query.format], chunks } };
    },
  }),
];

type CallPage = Awaited<ReturnType<typeof newestCalls>>;

interface ExportQuestion {
  readonly projectId: string;
  readonly fromUnixMs: number;
  readonly toUnixMs: number;
  readonly filter: ReturnType<typeof filterOf>;
}

async function* callPages(
  lake: LakeReader,
  { projectId, filter, ...range }: ExportQuestion,
): AsyncGenerator<CallPage> {
  let after: CallPlace | undefined;
  for (;;) {
    const input = { ...range, filter, after, limit: CHUNK_CALLS };
    // Answers of an export are read once: they are not worth a place among the kept ones.
    const page = await lake.askOnce({ projectId, ...range }, (target) =>
      newestCalls(projectId, input, target),
    );
    if (page.length > 0) yield page;
    if (page.length < CHUNK_CALLS) return;
    after = page.at(-1);
  }
}

async function* ndjsonText(pages: AsyncIterable<CallPage>): AsyncGenerator<string> {
  for await (const page of pages) {
    yield page.map((line) => `${jsonText(toCallJson(line))}\n`).join("");
  }
}

async function* csvText(pages: AsyncIterable<CallPage>): AsyncGenerator<string> {
  yield csvHeader();
  for await (const page of pages) yield page.map((line) => csvLine(line)).join("");
}

/**
 * Longer lists of calls, made as they are read.
 * @yields {CallPage} The calls of one row group.
 */
async function* rowGroups(pages: AsyncIterable<CallPage>): AsyncGenerator<CallPage> {
  let group: CallPage[] = [];
  for await (const page of pages) {
    group.push(page);
    if (group.length < CHUNKS_PER_ROW_GROUP) continue;
    yield group.flat();
    group = [];
  }
  if (group.length > 0) yield group.flat();
}

const FORMATS: Readonly<
  Record<ExportFormat, (pages: AsyncIterable<CallPage>) => AsyncGenerator<string | Uint8Array>>
> = {
  ndjson: ndjsonText,
  csv: csvText,
  parquet: (pages) => streamParquet(CALL_COLUMNS, rowGroups(pages)),
};
