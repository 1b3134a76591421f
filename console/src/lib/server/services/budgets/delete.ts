import { and, eq } from "drizzle-orm";
import { budgets } from "../../db/schema/budgets.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";
import { budgetFacts } from "./budget.ts";
import { lockBudget, type BudgetNotFound, type VersionConflict } from "./lock-budget.ts";
import type { DeleteBudgetInput } from "./schemas.ts";

export type DeleteBudgetResult = { readonly kind: "deleted" } | BudgetNotFound | VersionConflict;

/** From then on the budget limits nothing; its name is free again. */
export async function deleteBudget(
  context: ServiceContext,
  { projectId, budgetId, version }: DeleteBudgetInput,
  actor: string,
): Promise<DeleteBudgetResult> {
  const now = context.now();
  return context.db.transaction(async (transaction): Promise<DeleteBudgetResult> => {
    const budget = await lockBudget(transaction, { projectId, budgetId });
    if (budget === undefined) return { kind: "not_found" };
    if (budget.version !== version) return { kind: "conflict", currentVersion: budget.version };
    await transaction
      .update(budgets)
      .set({ deletedAt: now, updatedAt: now, updatedBy: actor, version: version + 1 })
      .where(and(eq(budgets.projectId, projectId), eq(budgets.id, budgetId)));
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "budget.delete",
      projectId,
      subjectId: budgetId,
      before: budgetFacts(budget),
    });
    await raiseControlVersion(transaction, now);
    return { kind: "deleted" };
  });
}
