import { projectForPage } from "#lib/server/access/authorize.ts";
import { failPage } from "#lib/server/http/fail-page.ts";
import { loadBudgetFigures } from "#lib/server/lake/load-budget-figures.ts";
import { loadProposals } from "#lib/server/lake/load-proposals.ts";
import { heldAmounts } from "#lib/server/services/budgets/held.ts";
import { listBudgets } from "#lib/server/services/budgets/list.ts";
import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, locals, depends, parent }) => {
  depends("lensai:budgets");
  await parent();
  const { services, lake } = locals.console;
  const { project, may } = await projectForPage(locals, params.projectId, "project.read");
  const now = services.now();
  const question = { projectId: project.id, nowUnixMs: now.getTime() };
  const budgets = await listBudgets(services.db, { projectId: project.id, at: now });
  try {
    const [figures, held, proposals] = await Promise.all([
      loadBudgetFigures(lake, { ...question, budgets }),
      heldAmounts(services, budgets),
      budgets.length === 0 ? loadProposals(lake, question) : [],
    ]);
    const rows = budgets.map((budget, at) => ({
      budget,
      figures: figures[at],
      held: held.get(budget.id),
    }));
    const { nowUnixMs } = question;
    return { project, rows, proposals, nowUnixMs, mayChange: may("budgets.manage") };
  } catch (failure) {
    failPage(failure, locals.requestId);
  }
};
