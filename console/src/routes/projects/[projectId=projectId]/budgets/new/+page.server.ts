import { fail, redirect } from "@sveltejs/kit";
import { fieldsOf, inputOf, problemsOf, readFields } from "#lib/budgets/budget-fields.ts";
import { projectForPage } from "#lib/server/access/authorize.ts";
import { loadEditor } from "#lib/server/budget-editor.ts";
import { failPage } from "#lib/server/http/fail-page.ts";
import { createBudget } from "#lib/server/services/budgets/create.ts";
import { BUDGET_DEFAULTS, createBudgetSchema } from "#lib/server/services/budgets/schemas.ts";
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, url, locals, parent }) => {
  await parent();
  const { project } = await projectForPage(locals, params.projectId, "budgets.manage");
  const base = fieldsOf({ ...BUDGET_DEFAULTS, name: "", limitNanoUsd: undefined });
  const question = { projectId: project.id, base, query: url.searchParams };
  const editor = await loadEditor(locals.console, question).catch((failure: unknown) =>
    failPage(failure, locals.requestId),
  );
  return { project, editor };
};

export const actions: Actions = {
  default: async ({ request, params, locals }) => {
    const { projectId } = params;
    const { actor } = await projectForPage(locals, projectId, "budgets.manage");
    const fields = readFields(await request.formData());
    const input = createBudgetSchema.safeParse({ projectId, ...inputOf(fields) });
    if (!input.success) return fail(400, { fields, problems: problemsOf(input.error.issues) });
    const result = await createBudget(locals.console.services, input.data, actor);
    switch (result.kind) {
      case "created":
        return redirect(303, `/projects/${projectId}/budgets/${result.budget.id}`);
      case "name_taken":
        return fail(409, { fields, problems: { name: "another budget has this name" } });
      case "too_many":
        return fail(409, { fields, problems: { form: result.problem } });
    }
  },
};
