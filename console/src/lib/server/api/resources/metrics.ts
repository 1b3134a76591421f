import { costOverTime, MAX_BUCKETS, MAX_SERIES } from "@lensai/analytics/queries/cost-over-time";
import { latencyPercentiles } from "@lensai/analytics/queries/latency-percentiles";
import { projectSummary } from "@lensai/analytics/queries/project-summary";
import type { QueryTarget, TimeRange } from "@lensai/analytics/queries/query-source";
import { MAX_GROUPS, topGroups } from "@lensai/analytics/queries/top-groups";
import { z } from "zod";
import { intervalFor } from "../../../time-range.ts";
import {
  callFigures,
  datesOf,
  dimensionSchema,
  GROUPS_DEFAULT,
  keySchema,
  milliseconds,
  rangeSchema,
  tokensSchema,
} from "../metric-schemas.ts";
import { defineRoute, type ApiRequest, type ApiRoute } from "../route.ts";
import { countSchema, nanoUsdSchema, timeSchema } from "../schemas.ts";
import { filterOf, filterQuery, rangeOf, timeQuery } from "../time-query.ts";

const MINUTE_SECONDS = 60;
const DAY_SECONDS = 86_400;
const SERIES_DEFAULT = 8;

const summarySchema = z
  .strictObject({
    range: rangeSchema,
    ...callFigures,
    estimatedNanoUsd: nanoUsdSchema.describe("The part of the cost that is an estimate."),
    errorCalls: countSchema,
    cacheReadTokens: tokensSchema,
    latencyMs: z.strictObject({ p50: milliseconds, p95: milliseconds }),
    ttftMs: z.strictObject({ p50: milliseconds, p95: milliseconds }),
    newestReceivedAt: timeSchema.nullable(),
  })
  .meta({ id: "Summary" });

const groupSchema = z
  .strictObject({
    key: keySchema,
    ...callFigures,
    errorShare: z.number().min(0).max(1),
    p95LatencyMs: milliseconds,
  })
  .meta({ id: "CostGroup" });

const percentilesSchema = z
  .strictObject({
    p50: milliseconds,
    p90: milliseconds,
    p95: milliseconds,
    p99: milliseconds,
    max: milliseconds,
  })
  .meta({ id: "Percentiles" });

const seriesSchema = z
  .strictObject({
    key: keySchema,
    kind: z.enum(["value", "other"]).describe("`other` is the sum of all that is not listed."),
    costNanoUsd: z
      .array(nanoUsdSchema.nullable())
      .describe("One per bucket; null where there are calls and none has a price."),
    calls: z.array(countSchema),
    unpricedCalls: z.array(countSchema),
  })
  .meta({ id: "CostSeries" });

type AskedQuery = { readonly from?: string | undefined; readonly to?: string | undefined };

/** Asks the lake about the range and the filter of a query; the same question is computed once. */
async function ask<T>(
  { console, projectId, query }: ApiRequest<unknown, AskedQuery>,
  run: (range: TimeRange, target: QueryTarget) => Promise<T>,
  name: string,
): Promise<{ readonly range: { readonly from: Date; readonly to: Date }; readonly answer: T }> {
  const range = rangeOf(query, console.services.now().getTime());
  const { from: _from, to: _to, ...others } = query as Readonly<Record<string, unknown>>;
  await console.lake.refresh();
  const answer = await console.lake.ask(
    { name: `api ${name} ${JSON.stringify(others)}`, projectId, ...range },
    (target) => run(range, target),
  );
  return { range: datesOf(range), answer };
}

export const metricRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/metrics/summary",
    operationId: "getSummary",
    tag: "Metrics",
    summary: "What the calls of a time cost and how they went.",
    permission: "project.read",
    query: z.strictObject({ ...timeQuery, ...filterQuery }),
    success: { status: 200, description: "The figures.", schema: summarySchema },
    handle: async (request) => {
      const filter = filterOf(request.query);
      const { range, answer } = await ask(
        request,
        (within, target) => projectSummary(request.projectId, { ...within, filter }, target),
        "summary",
      );
      const { newestReceivedUnixMs, ...figures } = answer;
      const newestReceivedAt = newestReceivedUnixMs && new Date(newestReceivedUnixMs);
      return { body: { range, ...figures, newestReceivedAt: newestReceivedAt || undefined } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/metrics/cost",
    operationId: "getCost",
    tag: "Metrics",
    summary: "Cost by one dimension, dearest first.",
    permission: "project.read",
    query: z.strictObject({
      by: dimensionSchema.default("model"),
      limit: z.int().min(1).max(MAX_GROUPS).default(GROUPS_DEFAULT),
      ...timeQuery,
      ...filterQuery,
    }),
    success: {
      status: 200,
      description: "The dearest groups; those without any price come last.",
      schema: z.strictObject({
        range: rangeSchema,
        by: dimensionSchema,
        items: z.array(groupSchema),
      }),
    },
    handle: async (request) => {
      const { by, limit } = request.query;
      const input = { limit, by, filter: filterOf(request.query) };
      const { range, answer } = await ask(
        request,
        (within, target) => topGroups(request.projectId, { ...within, ...input }, target),
        "cost",
      );
      return { body: { range, by, items: answer } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/metrics/latency",
    operationId: "getLatency",
    tag: "Metrics",
    summary: "How long calls took, and until their first token.",
    description:
      "Exact percentiles over the billed calls: a call refused at once is not a fast one.",
    permission: "project.read",
    query: z.strictObject({
      by: dimensionSchema.optional().describe("All calls together, when absent."),
      limit: z.int().min(1).max(MAX_GROUPS).default(GROUPS_DEFAULT),
      ...timeQuery,
      ...filterQuery,
    }),
    success: {
      status: 200,
      description: "The groups with the most calls first.",
      schema: z.strictObject({
        range: rangeSchema,
        by: dimensionSchema.nullable(),
        items: z.array(
          z.strictObject({
            key: keySchema,
            calls: countSchema,
            latencyMs: percentilesSchema,
            ttftMs: percentilesSchema,
          }),
        ),
      }),
    },
    handle: async (request) => {
      const { by, limit } = request.query;
      const input = { limit, by, filter: filterOf(request.query) };
      const { range, answer } = await ask(
        request,
        (within, target) => latencyPercentiles(request.projectId, { ...within, ...input }, target),
        "latency",
      );
      return { body: { range, by, items: answer } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/metrics/series",
    operationId: "getSeries",
    tag: "Metrics",
    summary: "Cost and calls over time, by one dimension.",
    permission: "project.read",
    query: z.strictObject({
      by: dimensionSchema.default("model"),
      series: z
        .int()
        .min(1)
        .max(MAX_SERIES)
        .default(SERIES_DEFAULT)
        .describe("How many values get a series of their own; the others are summed up."),
      intervalSeconds: z
        .int()
        .min(MINUTE_SECONDS)
        .max(DAY_SECONDS)
        .optional()
        .describe(
          `Width of a bucket: a minute to a day, at most ${MAX_BUCKETS} buckets. When absent, one that fits the range.`,
        ),
      ...timeQuery,
      ...filterQuery,
    }),
    success: {
      status: 200,
      description: "Every series has one element per bucket, empty ones included; dearest first.",
      schema: z.strictObject({
        range: rangeSchema,
        by: dimensionSchema,
        intervalSeconds: z.int(),
        buckets: z.array(timeSchema).describe("Where each bucket starts."),
        series: z.array(seriesSchema),
      }),
    },
    handle: async (request) => {
      const { by, series, intervalSeconds } = request.query;
      const input = { by, series, filter: filterOf(request.query) };
      const intervalOf = ({ fromUnixMs, toUnixMs }: TimeRange): number =>
        intervalSeconds === undefined ? intervalFor(toUnixMs - fromUnixMs) : intervalSeconds * 1000;
      const { range, answer } = await ask(
        request,
        (within, target) => {
          const wanted = { ...within, ...input, intervalMs: intervalOf(within) };
          return costOverTime(request.projectId, wanted, target);
        },
        "series",
      );
      const width = { fromUnixMs: range.from.getTime(), toUnixMs: range.to.getTime() };
      return {
        body: {
          range,
          by,
          intervalSeconds: intervalOf(width) / 1000,
          buckets: answer.bucketUnixMs.map((unixMs) => new Date(unixMs)),
          series: answer.series,
        },
      };
    },
  }),
];
