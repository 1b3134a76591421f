import { z } from "zod";
import type { BudgetOverride } from "../../services/budgets/budget.ts";
import { createOverride } from "../../services/budgets/create-override.ts";
import { endOverride } from "../../services/budgets/end-override.ts";
import { listOverrides, OVERRIDE_ORDER } from "../../services/budgets/list.ts";
import { createOverrideSchema } from "../../services/budgets/schemas.ts";
import { notFound } from "../api-errors.ts";
import { pageOf, pageQuery, readPage } from "../paging.ts";
import { invalid } from "../read-input.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
import { actorSchema, idParam, nanoUsdSchema, timeSchema } from "../schemas.ts";

const { projectId: _ofPath, budgetId: _alsoOfPath, ...createShape } = createOverrideSchema.shape;

export const overrideSchema = z
  .strictObject({
    id: z.string(),
    limitNanoUsd: nanoUsdSchema.describe(
      "Instead of the budget's own; of several the highest holds.",
    ),
    startsAt: timeSchema,
    endsAt: timeSchema,
    reason: z.string(),
    createdAt: timeSchema,
    createdBy: actorSchema,
    endedBy: actorSchema.nullable().describe("Who ended it early; null when nobody did."),
  })
  .meta({ id: "BudgetOverride" });

const budgetId = idParam("The `id` of the budget.");

export const budgetOverrideRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/budgets/{budgetId}/overrides",
    operationId: "listBudgetOverrides",
    tag: "Budgets",
    summary: "Lists the overrides of a budget, also those that are over, latest first.",
    permission: "project.read",
    params: z.strictObject({ budgetId }),
    query: z.strictObject(pageQuery),
    success: {
      status: 200,
      description: "A page of overrides; none of a budget that there is not.",
      schema: pageOf(overrideSchema),
    },
    handle: async ({ services, projectId, params, query }) => {
      const { items, nextCursor } = await readPage(query, OVERRIDE_ORDER, (part) =>
        listOverrides(services.db, { projectId, ...params }, part),
      );
      return { body: { items: items.map((one) => toOverrideJson(one)), nextCursor } };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/budgets/{budgetId}/overrides",
    operationId: "createBudgetOverride",
    tag: "Budgets",
    summary: "Raises the limit of a budget for a time.",
    permission: "budgets.manage",
    params: z.strictObject({ budgetId }),
    body: z
      .strictObject(createShape)
      .refine(({ startsAt, endsAt }) => startsAt === undefined || startsAt < endsAt, {
        path: ["endsAt"],
        error: "is not after startsAt",
      }),
    success: {
      status: 201,
      description: "It holds from `startsAt`, or at once.",
      schema: z.strictObject({ id: z.string() }),
    },
    handle: async ({ services, caller, projectId, params, body }) => {
      const input = { projectId, ...params, ...body };
      const result = await createOverride(services, input, caller.actor);
      switch (result.kind) {
        case "created":
          return { body: { id: result.overrideId } };
        case "not_found":
          throw notFound(`the project has no budget "${params.budgetId}"`);
        case "invalid":
          throw invalid([{ in: "body", pointer: `/${result.field}`, detail: result.problem }]);
      }
    },
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/budgets/{budgetId}/overrides/{overrideId}/end",
    operationId: "endBudgetOverride",
    tag: "Budgets",
    summary: "Takes a raise back before its time.",
    permission: "budgets.manage",
    params: z.strictObject({ budgetId, overrideId: idParam("The `id` of the override.") }),
    success: { status: 204, description: "The budget's own limit holds again." },
    handle: async ({ services, caller, projectId, params }) => {
      if (await endOverride(services, { projectId, ...params }, caller.actor)) return {};
      throw notFound(`no override "${params.overrideId}" of the budget runs or will`);
    },
  }),
];

export type OverrideJson = Omit<BudgetOverride, "budgetId">;

export function toOverrideJson(override: BudgetOverride): OverrideJson {
  const { id, limitNanoUsd, startsAt, endsAt, reason, createdAt, createdBy, endedBy } = override;
  return { id, limitNanoUsd, startsAt, endsAt, reason, createdAt, createdBy, endedBy };
}
