import { error, fail, redirect } from "@sveltejs/kit";
import { limitDigits } from "#lib/budgets/budget-fields.ts";
import { conflictWords, enforcedSince } from "#lib/budgets/change-words.ts";
import { projectForPage } from "#lib/server/access/authorize.ts";
import { failPage } from "#lib/server/http/fail-page.ts";
import { issuesText } from "#lib/server/http/problem.ts";
import { loadBacktest } from "#lib/server/lake/load-backtest.ts";
import { loadBudgetFigures } from "#lib/server/lake/load-budget-figures.ts";
import { BOUND_DAYS, loadBudgetHistory } from "#lib/server/lake/load-budget-history.ts";
import { loadStoppedCalls } from "#lib/server/lake/load-stopped-calls.ts";
import { createOverride } from "#lib/server/services/budgets/create-override.ts";
import { deleteBudget } from "#lib/server/services/budgets/delete.ts";
import { endOverride } from "#lib/server/services/budgets/end-override.ts";
import { heldAmounts, heldByValue } from "#lib/server/services/budgets/held.ts";
import { budgetChanges } from "#lib/server/services/budgets/history.ts";
import { findBudget, listOverrides } from "#lib/server/services/budgets/list.ts";
import {
  createOverrideSchema,
  deleteBudgetSchema,
  endOverrideSchema,
  updateBudgetSchema,
} from "#lib/server/services/budgets/schemas.ts";
import { updateBudget } from "#lib/server/services/budgets/update.ts";
import { actorNames } from "#lib/server/services/members/actor-names.ts";
import type { Actions, PageServerLoad } from "./$types";

const BACKTEST_DAYS = 30;
const STOPPED_DAYS = 7;
const HOUR_MS = 3_600_000;
const NO_BUDGET = "There is no such budget; it may have been deleted.";

export const load: PageServerLoad = async ({ params, locals, depends, parent }) => {
  depends("lensai:budgets");
  await parent();
  const { projectId, budgetId } = params;
  const { services, lake } = locals.console;
  const { project, may } = await projectForPage(locals, projectId, "project.read");
  const now = services.now();
  const budget = await findBudget(services.db, { projectId, budgetId, at: now });
  if (budget === undefined) error(404, NO_BUDGET);
  const question = { projectId, budget, nowUnixMs: now.getTime() };
  try {
    const [figures] = await loadBudgetFigures(lake, { ...question, budgets: [budget] });
    const values = figures?.byValue?.values.map(({ value }) => value) ?? [];
    const [history, stopped, backtest, held, byValue, overrides, changes] = await Promise.all([
      figures && loadBudgetHistory(lake, { ...question, figures }),
      loadStoppedCalls(lake, { ...question, days: STOPPED_DAYS }),
      budget.mode === "enforce"
        ? undefined
        : loadBacktest(lake, { ...question, days: BACKTEST_DAYS }),
      heldAmounts(services, [budget]),
      heldByValue(services, budget, values),
      listOverrides(services.db, { projectId, budgetId }),
      budgetChanges(services.db, { projectId, budgetId }),
    ]);
    const actors = [
      ...changes.map(({ actor }) => actor),
      ...overrides.flatMap(({ createdBy, endedBy }) => [createdBy, endedBy ?? createdBy]),
    ];
    return {
      project,
      names: await actorNames(services.db, project.organizationId, actors),
      budget,
      figures,
      history,
      stopped,
      stoppedDays: STOPPED_DAYS,
      backtest,
      backtestDays: BACKTEST_DAYS,
      boundDays: BOUND_DAYS,
      held: held.get(budgetId),
      heldByValue: byValue,
      overrides,
      changes,
      enforcedSinceMs: enforcedSince(changes)?.getTime(),
      nowUnixMs: now.getTime(),
      mayChange: may("budgets.manage"),
    };
  } catch (failure) {
    failPage(failure, locals.requestId);
  }
};

export const actions: Actions = {
  /** Observe to enforce, and back, with one click. */
  mode: async ({ request, params: { projectId, budgetId }, locals }) => {
    const { services } = locals.console;
    const { actor } = await projectForPage(locals, projectId, "budgets.manage");
    const form = await request.formData();
    const version = Number(form.get("version"));
    const given = { projectId, budgetId, version, mode: form.get("mode") };
    const input = updateBudgetSchema.safeParse(given);
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const result = await updateBudget(services, input.data, actor);
    if (result.kind === "conflict") {
      const [latest] = await budgetChanges(services.db, { projectId, budgetId });
      return fail(412, { problem: conflictWords(latest) });
    }
    if (result.kind !== "updated") error(404, NO_BUDGET);
    redirect(303, `/projects/${projectId}/budgets/${budgetId}`);
  },
  raise: async ({ request, params: { projectId, budgetId }, locals }) => {
    const { services } = locals.console;
    const { actor } = await projectForPage(locals, projectId, "budgets.manage");
    const form = await request.formData();
    const limitUsd = form.get("limitUsd");
    const endsAtMs = services.now().getTime() + Number(form.get("hours")) * HOUR_MS;
    const input = createOverrideSchema.safeParse({
      projectId,
      budgetId,
      limitNanoUsd: typeof limitUsd === "string" ? limitDigits(limitUsd) : "",
      endsAt: Number.isFinite(endsAtMs) ? new Date(endsAtMs).toISOString() : "",
      reason: form.get("reason"),
    });
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const result = await createOverride(services, input.data, actor);
    if (result.kind === "not_found") error(404, NO_BUDGET);
    if (result.kind === "invalid")
      return fail(400, { problem: `${result.field}: ${result.problem}` });
    redirect(303, `/projects/${projectId}/budgets/${budgetId}`);
  },
  endOverride: async ({ request, params: { projectId, budgetId }, locals }) => {
    const { services } = locals.console;
    const { actor } = await projectForPage(locals, projectId, "budgets.manage");
    const form = await request.formData();
    const given = { projectId, budgetId, overrideId: form.get("overrideId") };
    const input = endOverrideSchema.safeParse(given);
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    if (!(await endOverride(services, input.data, actor)))
      return fail(409, { problem: "this raise is over already" });
    redirect(303, `/projects/${projectId}/budgets/${budgetId}`);
  },
  delete: async ({ request, params: { projectId, budgetId }, locals }) => {
    const { services } = locals.console;
    const { actor } = await projectForPage(locals, projectId, "budgets.manage");
    const form = await request.formData();
    const given = { projectId, budgetId, version: Number(form.get("version")) };
    const input = deleteBudgetSchema.safeParse(given);
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const result = await deleteBudget(services, input.data, actor);
    if (result.kind === "conflict") {
      const [latest] = await budgetChanges(services.db, { projectId, budgetId });
      return fail(412, { problem: conflictWords(latest) });
    }
    if (result.kind === "not_found") error(404, NO_BUDGET);
    redirect(303, `/projects/${projectId}/budgets`);
  },
};
