import { MAX_GROUPS } from "@lensai/analytics/queries/top-groups";
import { spendChanges } from "@lensai/analytics/queries/spend-changes";
import { z } from "zod";
import {
  callFigures,
  costSchema,
  datesOf,
  dimensionSchema,
  GROUPS_DEFAULT,
  keySchema,
  rangeSchema,
} from "../metric-schemas.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
import { earlierRange, filterOf, filterQuery, rangeOf, timeQuery } from "../time-query.ts";

const sideSchema = z
  .strictObject({
    calls: callFigures.calls,
    pricedCalls: callFigures.pricedCalls,
    unpricedCalls: callFigures.unpricedCalls,
    costNanoUsd: costSchema,
  })
  .meta({ id: "SpendSide" });

const changeSchema = z.strictObject({ before: sideSchema, now: sideSchema });

export const metricChangeRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/metrics/changes",
    operationId: "getCostChanges",
    tag: "Metrics",
    summary: "What made the cost go up or down, by one dimension.",
    description:
      "The cost of a time beside that of an earlier one: the largest change first, up or down, also of what is gone.",
    permission: "project.read",
    query: z.strictObject({
      by: dimensionSchema.default("model"),
      limit: z.int().min(1).max(MAX_GROUPS).default(GROUPS_DEFAULT),
      beforeFrom: timeQuery.from.describe(
        "Where the earlier time begins; without it, it is as long as the other one, and ends where that begins.",
      ),
      ...timeQuery,
      ...filterQuery,
    }),
    success: {
      status: 200,
      description: "All calls together, and the groups with the largest changes.",
      schema: z.strictObject({
        range: rangeSchema,
        before: rangeSchema,
        by: dimensionSchema,
        total: changeSchema,
        items: z.array(z.strictObject({ key: keySchema, ...changeSchema.shape })),
      }),
    },
    handle: async ({ console, projectId, query }) => {
      const { by, limit } = query;
      const range = rangeOf(query, console.services.now().getTime());
      const before = earlierRange(range, query.beforeFrom);
      const input = { ...range, before, by, limit, filter: filterOf(query) };
      const both = { fromUnixMs: before.fromUnixMs, toUnixMs: range.toUnixMs };
      await console.lake.refresh();
      const { total, groups } = await console.lake.ask(
        { name: `api changes ${JSON.stringify(input)}`, projectId, ...both },
        (target) => spendChanges(projectId, input, target),
      );
      return { body: { range: datesOf(range), before: datesOf(before), by, total, items: groups } };
    },
  }),
];
