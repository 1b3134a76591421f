import { MATCH_CLASSES, type MatchedRow } from "@lensai/analytics/reconcile/match-figures";
import { isAllMatched, notesOf } from "@lensai/analytics/reconcile/reconciliation";
import { z } from "zod";
import { loadReconciliation } from "../../lake/load-reconciliation.ts";
import { comparedProjectIds } from "../../services/reconcile/project-ids.ts";
import { RECONCILE_BYTES_MAX, reconcileSchema } from "../../services/reconcile/schemas.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
import { countSchema, countTextSchema, nanoUsdSchema } from "../schemas.ts";

const count = countTextSchema.nullable();

const measures = {
  costNanoUsd: nanoUsdSchema.nullable(),
  requests: count,
  inputTokens: count.describe("Those read from and written to a cache included."),
  cacheReadTokens: count,
  cacheWriteTokens: count,
  outputTokens: count,
};

const ourCounts = {
  calls: countSchema,
  estimatedCalls: countSchema.describe("With counts that are not the provider's."),
  unpricedCalls: countSchema.describe("Without a cost."),
};

const sumSchema = z.strictObject({
  rows: countSchema,
  theirNanoUsd: nanoUsdSchema.nullable(),
  ourNanoUsd: nanoUsdSchema.nullable(),
  ourCalls: countSchema,
  estimatedCalls: countSchema,
  unpricedCalls: countSchema,
});

const reconciliationSchema = z
  .strictObject({
    from: z.string(),
    to: z.string().describe("Not included."),
    isAllMatched: z.boolean().describe("All that the files tell of is within the tolerance."),
    notes: z.array(z.string()).describe("What was not compared, or added up."),
    providers: z.array(
      z.strictObject({
        provider: z.string(),
        matchedPerMille: countTextSchema
          .nullable()
          .describe("Of the provider's dollars, rounded down; null when it tells none."),
        all: sumSchema,
        matched: sumSchema,
        differs: sumSchema,
        provider_only: sumSchema,
        ours_only: sumSchema,
      }),
    ),
    rows: z.array(
      z.strictObject({
        day: z.string(),
        provider: z.string(),
        model: z.string().nullable(),
        item: z.string().nullable().describe("What is charged without naming a model."),
        class: z.enum(MATCH_CLASSES),
        causes: z.array(z.string()).describe("What the figures point to; none for a match."),
        theirs: z.strictObject(measures).nullable(),
        ours: z.strictObject({ ...measures, ...ourCounts }).nullable(),
      }),
    ),
  })
  .meta({ id: "Reconciliation" });

export const reconciliationRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/reconciliations",
    operationId: "reconcile",
    tag: "Metrics",
    summary: "Puts what providers say that they charge beside the calls that were seen.",
    description: "Nothing is fetched, and nothing is kept.",
    permission: "project.read",
    body: reconcileSchema,
    bodyBytesMax: RECONCILE_BYTES_MAX,
    success: { status: 200, description: "By UTC day and model.", schema: reconciliationSchema },
    handle: async ({ console, caller, projectId, body }) => {
      const whose = { projectId, principal: caller, of: body.of };
      const projectIds = await comparedProjectIds(console.services.db, whose);
      const found = await loadReconciliation(console.lake, projectIds, body);
      const { from, to, sums, rows } = found;
      return {
        body: {
          from,
          to,
          isAllMatched: isAllMatched(found),
          notes: notesOf(found),
          providers: sums.map(({ provider, matchedPerMille, all, classes }) => ({
            provider,
            matchedPerMille,
            all,
            matched: classes.matched,
            differs: classes.differs,
            provider_only: classes.provider_only,
            ours_only: classes.ours_only,
          })),
          rows: rows.map((row) => rowJson(row)),
        },
      };
    },
  }),
];

function rowJson({
  day,
  provider,
  model,
  item,
  class: matchClass,
  causes,
  theirs,
  ours,
}: MatchedRow) {
  return { day, provider, model, item, class: matchClass, causes, theirs, ours };
}
