import { costByTwo, MAX_COLUMNS, MAX_ROWS } from "@lensai/analytics/queries/cost-by-two";
import { z } from "zod";
import { costSchema, datesOf, dimensionSchema, keySchema, rangeSchema } from "../metric-schemas.ts";
import { invalid } from "../read-input.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
import { countSchema } from "../schemas.ts";
import { filterOf, filterQuery, rangeOf, timeQuery } from "../time-query.ts";

const ROWS_DEFAULT = 20;
const COLUMNS_DEFAULT = 8;

const cellSchema = z
  .strictObject({
    calls: countSchema.describe("Model calls, answered or failed."),
    unpricedCalls: countSchema.describe(
      "Billed calls whose price is unknown: they are missing in the cost.",
    ),
    costNanoUsd: costSchema,
  })
  .meta({ id: "CostCell" });

const line = {
  key: keySchema,
  kind: z.enum(["value", "other"]).describe("`other` is the sum of all that is not listed."),
  total: cellSchema,
};

export const metricTableRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/metrics/cost-table",
    operationId: "getCostTable",
    tag: "Metrics",
    summary:
      "Cost by two dimensions, dearest first: a row for each value of one, a cell for each of the other.",
    description:
      "Cells add up to the totals of their rows and columns, and these to the total of all, whatever is listed.",
    permission: "project.read",
    query: z.strictObject({
      by: dimensionSchema.default("team"),
      and: dimensionSchema.default("model").describe("What each row is told apart by."),
      rows: z.int().min(1).max(MAX_ROWS).default(ROWS_DEFAULT),
      columns: z.int().min(1).max(MAX_COLUMNS).default(COLUMNS_DEFAULT),
      ...timeQuery,
      ...filterQuery,
    }),
    success: {
      status: 200,
      description: "The table; nothing but a total where there are no calls.",
      schema: z.strictObject({
        range: rangeSchema,
        by: dimensionSchema,
        and: dimensionSchema,
        columns: z.array(z.strictObject(line)),
        rows: z.array(
          z.strictObject({
            ...line,
            cells: z.array(cellSchema).describe("One per column, in their order."),
          }),
        ),
        total: cellSchema,
      }),
    },
    handle: async ({ console, projectId, query }) => {
      const { by, and, rows, columns } = query;
      if (by === and)
        throw invalid([{ in: "query", pointer: "/and", detail: "is the same as `by`" }]);
      const range = rangeOf(query, console.services.now().getTime());
      const asked = { by, and, rows, columns, filter: filterOf(query) };
      await console.lake.refresh();
      const answer = await console.lake.ask(
        { name: `cost table ${JSON.stringify(asked)}`, projectId, ...range },
        (target) => costByTwo(projectId, { ...range, ...asked }, target),
      );
      return { body: { range: datesOf(range), by, and, ...answer } };
    },
  }),
];
