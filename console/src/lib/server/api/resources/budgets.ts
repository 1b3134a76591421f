import {
  BUDGET_MODES,
  FAIL_MODES,
  UNKNOWN_PRICE_POLICIES,
} from "@lensai/otel-config/control/budgets";
import { SCOPE_KEYS } from "@lensai/otel-config/control/call-scope";
import { LensError } from "@lensai/otel-config/errors";
import { z } from "zod";
import { createBudget } from "../../services/budgets/create.ts";
import { deleteBudget } from "../../services/budgets/delete.ts";
import {
  BUDGET_ORDER,
  findBudget,
  listBudgets,
  type ListedBudget,
} from "../../services/budgets/list.ts";
import {
  createBudgetSchema,
  isEachFixed,
  updateBudgetSchema,
} from "../../services/budgets/schemas.ts";
import { updateBudget } from "../../services/budgets/update.ts";
import { notFound, versionConflict } from "../api-errors.ts";
import { pageOf, pageQuery, readPage } from "../paging.ts";
import { invalid } from "../read-input.ts";
import { defineRoute, type ApiRequest, type ApiRoute } from "../route.ts";
import { actorSchema, idParam, nanoUsdSchema, scopeAnswerSchema, timeSchema } from "../schemas.ts";
import { overrideSchema, toOverrideJson, type OverrideJson } from "./budget-overrides.ts";

const { projectId: _ofPath, ...createShape } = createBudgetSchema.shape;
const {
  projectId: _ofPathToo,
  budgetId: _alsoOfPath,
  version: _ofIfMatch,
  ...updateShape
} = updateBudgetSchema.shape;

export const EACH_IS_FIXED = {
  path: ["each"],
  error: "is fixed to one value by the scope: leave it out of one of the two",
};

const budgetSchema = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    scope: scopeAnswerSchema,
    each: z
      .enum(SCOPE_KEYS)
      .nullable()
      .describe("Every value of this attribute has the whole amount for itself."),
    limitNanoUsd: nanoUsdSchema,
    period: createShape.period.unwrap(),
    thresholdsPercent: z.array(z.int()),
    alertsOnForecast: z.boolean(),
    mode: z.enum(BUDGET_MODES),
    failMode: z.enum(FAIL_MODES),
    unknownPrice: z.enum(UNKNOWN_PRICE_POLICIES),
    clamp: z.boolean(),
    owner: z.string().nullable(),
    notes: z.string().nullable(),
    version: z.int().describe("Grows with every change of the terms; the ETag is made of it."),
    createdAt: timeSchema,
    createdBy: actorSchema,
    updatedAt: timeSchema,
    updatedBy: actorSchema,
    overrides: z.array(overrideSchema).describe("Those that run or will."),
  })
  .meta({ id: "Budget" });

export const budgetParams = z.strictObject({ budgetId: idParam("The `id` of the budget.") });

export const budgetRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/budgets",
    operationId: "listBudgets",
    tag: "Budgets",
    summary: "Lists the budgets of a project, by name.",
    permission: "project.read",
    query: z.strictObject(pageQuery),
    success: { status: 200, description: "A page of budgets.", schema: pageOf(budgetSchema) },
    handle: async ({ services, projectId, query }) => {
      const { items, nextCursor } = await readPage<ListedBudget>(query, BUDGET_ORDER, (part) =>
        listBudgets(services.db, { projectId, at: services.now() }, part),
      );
      return { body: { items: items.map((budget) => toBudgetJson(budget)), nextCursor } };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/budgets",
    operationId: "createBudget",
    tag: "Budgets",
    summary: "Creates a budget.",
    description: "What is absent has its default: the budget watches the month, and stops nothing.",
    permission: "budgets.manage",
    body: z.strictObject(createShape).refine((budget) => !isEachFixed(budget), EACH_IS_FIXED),
    errors: ["api.conflict"],
    success: { status: 201, description: "It was created.", schema: budgetSchema },
    handle: async ({ services, caller, projectId, body }) => {
      const result = await createBudget(services, { projectId, ...body }, caller.actor);
      if (result.kind === "name_taken") throw nameTaken(body.name);
      if (result.kind === "too_many") throw new LensError("api.conflict", result.problem);
      const budget = { ...result.budget, overrides: [] };
      const location = `/projects/${projectId}/budgets/${budget.id}`;
      return { body: toBudgetJson(budget), version: budget.version, location };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/budgets/{budgetId}",
    operationId: "getBudget",
    tag: "Budgets",
    summary: "Reads a budget.",
    permission: "project.read",
    params: budgetParams,
    success: { status: 200, description: "The budget.", schema: budgetSchema },
    handle: async (request) => {
      const budget = await foundBudget(request);
      // Overrides come and go without a new version of the terms.
      const isSettled = budget.overrides.length === 0;
      return { body: toBudgetJson(budget), ...(isSettled && { version: budget.version }) };
    },
  }),
  defineRoute({
    method: "PATCH",
    path: "/projects/{projectId}/budgets/{budgetId}",
    operationId: "updateBudget",
    tag: "Budgets",
    summary: "Changes the terms of a budget; what is absent stays.",
    permission: "budgets.manage",
    isEdit: true,
    params: budgetParams,
    body: z.strictObject(updateShape).refine((change) => !isEachFixed(change), EACH_IS_FIXED),
    errors: ["api.conflict"],
    success: { status: 200, description: "The budget as it is now.", schema: budgetSchema },
    handle: async (request) => {
      const { services, caller, projectId, params, body } = request;
      const found = await foundBudget(request);
      const version = versionOf(request, found);
      const input = { projectId, ...params, ...body, version };
      const result = await updateBudget(services, input, caller.actor);
      switch (result.kind) {
        case "updated": {
          const budget = { ...result.budget, overrides: found.overrides };
          return { body: toBudgetJson(budget), version: budget.version };
        }
        case "conflict":
          throw versionConflict(result.currentVersion);
        case "not_found":
          throw budgetNotFound(params.budgetId);
        case "name_taken":
          throw nameTaken(body.name ?? found.name);
        case "each_is_fixed":
          throw invalid([{ in: "body", pointer: "/each", detail: EACH_IS_FIXED.error }]);
      }
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/projects/{projectId}/budgets/{budgetId}",
    operationId: "deleteBudget",
    tag: "Budgets",
    summary: "Deletes a budget: it limits nothing any more, and its name is free.",
    permission: "budgets.manage",
    isEdit: true,
    params: budgetParams,
    success: { status: 204, description: "It is deleted." },
    handle: async (request) => {
      const { services, caller, projectId, params } = request;
      const version = versionOf(request, await foundBudget(request));
      const result = await deleteBudget(services, { projectId, ...params, version }, caller.actor);
      if (result.kind === "conflict") throw versionConflict(result.currentVersion);
      if (result.kind === "not_found") throw budgetNotFound(params.budgetId);
      return {};
    },
  }),
];

type BudgetRequest = ApiRequest<{ readonly budgetId: string }>;

/** The budget of the path; throws `query.not_found`. */
export async function foundBudget({
  services,
  projectId,
  params,
}: BudgetRequest): Promise<ListedBudget> {
  const at = services.now();
  const budget = await findBudget(services.db, { projectId, ...params, at });
  if (budget === undefined) throw budgetNotFound(params.budgetId);
  return budget;
}

/** With `If-Match: *`, whichever there is now. */
const versionOf = ({ expectedVersion }: BudgetRequest, { version }: ListedBudget): number =>
  expectedVersion === "any" ? version : expectedVersion;

const budgetNotFound = (budgetId: string): LensError =>
  notFound(`the project has no budget "${budgetId}"`);

const nameTaken = (name: string): LensError =>
  new LensError("api.conflict", `another budget of the project is called "${name}"`);

type BudgetJson = Omit<ListedBudget, "projectId" | "deletedAt" | "overrides"> & {
  readonly overrides: readonly OverrideJson[];
};

function toBudgetJson(budget: ListedBudget): BudgetJson {
  const { projectId: _projectId, deletedAt: _deletedAt, overrides, ...terms } = budget;
  return { ...terms, overrides: overrides.map((override) => toOverrideJson(override)) };
}
