import { json } from "@sveltejs/kit";
import { TOKEN_ACTOR } from "#lib/server/http/token-actor.ts";
import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import { invalidInput, problemResponse } from "#lib/server/http/problem.ts";
import { createBudget } from "#lib/server/services/budgets/create.ts";
import { createBudgetSchema } from "#lib/server/services/budgets/schemas.ts";
import { findProject } from "#lib/server/services/projects/list.ts";
import type { RequestHandler } from "./$types";

/** Makes a budget; the body is what `createBudgetSchema` parses. Answers with its id. */
export const POST: RequestHandler = async ({ request, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const body = createBudgetSchema.safeParse(await request.json().catch(() => undefined));
  if (!body.success) return invalidInput(body.error);
  if ((await findProject(services.db, body.data.projectId)) === undefined) {
    const detail = `there is no project "${body.data.projectId}"`;
    return problemResponse({ status: 404, code: "query.not_found", detail });
  }
  const made = await createBudget(services, body.data, TOKEN_ACTOR);
  if (made.kind === "created") return json({ budgetId: made.budget.id }, { status: 201 });
  const detail =
    made.kind === "name_taken"
      ? `the project has a budget named "${body.data.name}"; choose another name`
      : made.problem;
  return problemResponse({ status: 409, code: "query.invalid", detail });
};
