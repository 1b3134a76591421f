import { error, fail, redirect } from "@sveltejs/kit";
import { fieldsOf, inputOf, problemsOf, readFields } from "#lib/budgets/budget-fields.ts";
import { conflictWords } from "#lib/budgets/change-words.ts";
import { projectForPage } from "#lib/server/access/authorize.ts";
import { loadEditor } from "#lib/server/budget-editor.ts";
import { failPage } from "#lib/server/http/fail-page.ts";
import { budgetChanges } from "#lib/server/services/budgets/history.ts";
import { findBudget } from "#lib/server/services/budgets/list.ts";
import { updateBudgetSchema } from "#lib/server/services/budgets/schemas.ts";
import { updateBudget } from "#lib/server/services/budgets/update.ts";
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, url, locals, parent }) => {
  await parent();
  const { projectId, budgetId } = params;
  const { services } = locals.console;
  const { project } = await projectForPage(locals, projectId, "budgets.manage");
  const budget = await findBudget(services.db, { projectId, budgetId, at: services.now() });
  if (budget === undefined) error(404, "There is no such budget; it may have been deleted.");
  const { overrides, name, version } = budget;
  const question = { projectId, base: fieldsOf(budget), query: url.searchParams, overrides };
  const editor = await loadEditor(locals.console, question).catch((failure: unknown) =>
    failPage(failure, locals.requestId),
  );
  return { project, name, budgetId, version, editor };
};

export const actions: Actions = {
  default: async ({ request, params, locals }) => {
    const { projectId, budgetId } = params;
    const { services } = locals.console;
    const { actor } = await projectForPage(locals, projectId, "budgets.manage");
    const form = await request.formData();
    const fields = readFields(form);
    const version = Number(form.get("version"));
    const given = { projectId, budgetId, version, ...inputOf(fields) };
    const input = updateBudgetSchema.safeParse(given);
    if (!input.success)
      return fail(400, { fields, version, problems: problemsOf(input.error.issues) });
    const result = await updateBudget(services, input.data, actor);
    switch (result.kind) {
      case "updated":
        return redirect(303, `/projects/${projectId}/budgets/${budgetId}`);
      case "not_found":
        return error(404, "There is no such budget; it may have been deleted.");
      case "name_taken":
        return fail(409, { fields, version, problems: { name: "another budget has this name" } });
      case "each_is_fixed":
        return fail(400, { fields, version, problems: { each: "is fixed by the scope" } });
      case "conflict": {
        const [latest] = await budgetChanges(services.db, { projectId, budgetId });
        const problems = { form: conflictWords(latest) };
        return fail(412, { fields, version: result.currentVersion, problems });
      }
    }
  },
};
