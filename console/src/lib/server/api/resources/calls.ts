import { isoFromMicros } from "@lensai/analytics/lake/micros";
import type { RecordName } from "@lensai/analytics/queries/call-detail";
import { newestCalls, type CallPlace } from "@lensai/analytics/queries/newest-calls";
import { MAX_TRACE_SPANS, traceSpans } from "@lensai/analytics/queries/trace-spans";
import { SPAN_COLUMNS, type ColumnSpec } from "@lensai/otel-config/span-row/columns";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { z } from "zod";
import { loadArithmetic, loadCall } from "../../lake/load-call.ts";
import { notFound } from "../api-errors.ts";
import { arithmeticSchema, toArithmeticJson, type ArithmeticJson } from "../arithmetic-json.ts";
import { callPlaceOf, callPlaceSchema, callSchema, toCallJson } from "../call-json.ts";
import { cutPage, fromCursor, pageOf, pageQuery } from "../paging.ts";
import { defineRoute, type ApiRequest, type ApiRoute } from "../route.ts";
import {
  countSchema,
  countTextSchema,
  nanoUsdSchema,
  spanIdSchema,
  timeSchema,
  traceIdSchema,
} from "../schemas.ts";
import { filterOf, filterQuery, rangeOf, timeQuery } from "../time-query.ts";

const text = z.string().nullable();

const traceSpanSchema = z
  .strictObject({
    spanId: text,
    parentSpanId: text,
    batchId: z.string(),
    recordOrdinal: countTextSchema.nullable(),
    startedAt: timeSchema,
    startUnixNano: countTextSchema,
    durationMs: z.number().nullable(),
    signal: z.string(),
    name: text,
    serviceName: text,
    scopeName: text,
    operation: text,
    callRole: text,
    status: text,
    errorType: text,
    provider: text,
    model: text,
    inputTokens: countSchema.nullable(),
    outputTokens: countSchema.nullable(),
    isBilled: z.boolean(),
    billRule: text.describe("Why it is billed, or why not; null for what is no call."),
    costNanoUsd: nanoUsdSchema
      .nullable()
      .describe("Also of records that are not billed: what they would have cost."),
  })
  .meta({ id: "TraceSpan" });

function toRecordJson(row: SpanRow): Record<string, unknown> {
  return Object.fromEntries(
    SPAN_COLUMNS.map(({ name, type }) => {
      const value = row[name] ?? null;
      const isTime = type === "timestamp" && typeof value === "bigint";
      return [name, isTime ? isoFromMicros(value) : value];
    }),
  );
}

/** Columns of the span row in JSON: 64-bit numbers are digits, timestamps ISO 8601. */
const columnSchemas: Readonly<Record<ColumnSpec["type"], z.ZodType>> = {
  text: z.string().nullable(),
  int64: countTextSchema.nullable(),
  bool: z.boolean().nullable(),
  timestamp: timeSchema.nullable(),
};

const recordSchema = z
  .strictObject(
    Object.fromEntries(
      SPAN_COLUMNS.map(({ name, type, source }) => [name, columnSchemas[type].describe(source)]),
    ),
  )
  .describe("The stored row: every column, null where nothing is known.")
  .meta({ id: "Record" });

const detailSchema = z
  .strictObject({ record: recordSchema, arithmetic: arithmeticSchema })
  .meta({ id: "CallDetail" });

interface CallDetail {
  readonly record: Readonly<Record<string, unknown>>;
  readonly arithmetic: ArithmeticJson;
}

const atQuery = z.strictObject({
  at: z.iso
    .datetime({ offset: true })
    .optional()
    .describe(
      "The millisecond in which it started (`startedAt`): finds it at once, however old. When absent, the last 31 days are searched.",
    ),
});

export const callRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/calls",
    operationId: "listCalls",
    tag: "Calls",
    summary: "Lists calls, newest first.",
    description:
      "Calls that were answered, or failed before they cost anything. Records that repeat or sum up calls are not among them.",
    permission: "calls.read",
    query: z.strictObject({
      ...pageQuery,
      status: z
        .enum(["ok", "error"])
        .optional()
        .describe("Only calls that failed, or only those that did not."),
      ...timeQuery,
      ...filterQuery,
    }),
    success: { status: 200, description: "A page of calls.", schema: pageOf(callSchema) },
    handle: async ({ console, projectId, query }) => {
      const { limit, cursor, status } = query;
      const after = fromCursor<CallPlace>(cursor, callPlaceSchema);
      const range = rangeOf(query, console.services.now().getTime());
      const input = { ...range, limit: limit + 1, filter: filterOf(query), status, after };
      const { from: _from, to: _to, ...named } = query;
      await console.lake.refresh();
      const read = await console.lake.ask(
        { name: `api calls ${JSON.stringify(named)}`, projectId, ...range },
        (target) => newestCalls(projectId, input, target),
      );
      const { items, nextCursor } = cutPage(read, limit, callPlaceOf);
      return { body: { items: items.map((line) => toCallJson(line)), nextCursor } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/calls/{traceId}/{spanId}",
    operationId: "getCall",
    tag: "Calls",
    summary: "One call with all its columns, its content as stored, and how its cost came about.",
    permission: "calls.read",
    params: z.strictObject({ traceId: traceIdSchema, spanId: spanIdSchema }),
    query: atQuery,
    success: { status: 200, description: "The call.", schema: detailSchema },
    handle: (request) => callDetailOf(request, request.params),
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/records/{batchId}/{recordOrdinal}",
    operationId: "getRecord",
    tag: "Calls",
    summary: "The same for a record without ids, by its place in a request.",
    permission: "calls.read",
    params: z.strictObject({
      batchId: z.string().regex(/^[0-9a-f]{32}$/, "is 32 lower-case hex digits"),
      recordOrdinal: z.string().regex(/^\d{1,9}$/, "is a whole number"),
    }),
    query: atQuery,
    success: { status: 200, description: "The record.", schema: detailSchema },
    handle: (request) => {
      const { batchId, recordOrdinal } = request.params;
      return callDetailOf(request, { batchId, recordOrdinal: BigInt(recordOrdinal) });
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/traces/{traceId}",
    operationId: "getTrace",
    tag: "Calls",
    summary: "The records of one trace, in the order in which they started.",
    description: `At most ${MAX_TRACE_SPANS}; \`isComplete\` says whether there are more. Looked for from \`from\` to \`to\`.`,
    permission: "calls.read",
    params: z.strictObject({ traceId: traceIdSchema }),
    query: z.strictObject(timeQuery),
    success: {
      status: 200,
      description: "The trace.",
      schema: z.strictObject({
        traceId: traceIdSchema,
        isComplete: z.boolean(),
        items: z.array(traceSpanSchema),
      }),
    },
    handle: async ({ console, projectId, params, query }) => {
      const { traceId } = params;
      const range = rangeOf(query, console.services.now().getTime());
      await console.lake.refresh();
      const items = await console.lake.ask(
        { name: `api trace ${traceId}`, projectId, ...range },
        (target) => traceSpans(projectId, { ...range, traceId, limit: MAX_TRACE_SPANS }, target),
      );
      if (items.length === 0) throw notFound(`the project has no trace ${traceId} in this time`);
      const withTimes = items.map((span) => ({
        ...span,
        startedAt: new Date(Number(span.startUnixNano / 1_000_000n)),
      }));
      return { body: { traceId, isComplete: items.length < MAX_TRACE_SPANS, items: withTimes } };
    },
  }),
];

async function callDetailOf(
  { console, projectId, query }: ApiRequest<unknown, z.output<typeof atQuery>>,
  record: RecordName,
): Promise<{ body: CallDetail }> {
  const row = await loadCall(console.lake, {
    projectId,
    record,
    atUnixMs: query.at === undefined ? undefined : Date.parse(query.at),
    nowUnixMs: console.services.now().getTime(),
  });
  if (row === undefined) {
    throw notFound("the project has no such call, or its data has not landed yet");
  }
  const arithmetic = await loadArithmetic(console.lake, row, await console.prices.current());
  return { body: { record: toRecordJson(row), arithmetic: toArithmeticJson(arithmetic) } };
}
