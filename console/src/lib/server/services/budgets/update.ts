import { and, eq, isNull, ne } from "drizzle-orm";
import { budgets } from "../../db/schema/budgets.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion, type Transaction } from "../snapshot/raise-version.ts";
import { changedFacts, type Budget } from "./budget.ts";
import { lockBudget, type BudgetNotFound, type VersionConflict } from "./lock-budget.ts";
import { isEachFixed, type UpdateBudgetInput } from "./schemas.ts";

export type UpdateBudgetResult =
  | { readonly kind: "updated"; readonly budget: Budget }
  | BudgetNotFound
  | VersionConflict
  | { readonly kind: "name_taken" }
  /** With what stays, the budget would be for each value of what its scope fixes to one. */
  | { readonly kind: "each_is_fixed" };

/**
 * Changes what is given of a budget, if `version` is still the current one. A change that changes nothing leaves
 * the version as it is. The input is trusted: parse it with `updateBudgetSchema` first.
 */
export async function updateBudget(
  context: ServiceContext,
  { projectId, budgetId, version, ...given }: UpdateBudgetInput,
  actor: string,
): Promise<UpdateBudgetResult> {
  const now = context.now();
  const change = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Partial<Budget>;
  return context.db.transaction(async (transaction): Promise<UpdateBudgetResult> => {
    const before = await lockBudget(transaction, { projectId, budgetId });
    if (before === undefined) return { kind: "not_found" };
    if (before.version !== version) return { kind: "conflict", currentVersion: before.version };
    const wanted = { ...before, ...change };
    if (isEachFixed(wanted)) return { kind: "each_is_fixed" };
    const facts = changedFacts(before, wanted);
    if (Object.keys(facts.after).length === 0) return { kind: "updated", budget: before };
    if (await isNameTaken(transaction, wanted)) return { kind: "name_taken" };
    const [budget] = await transaction
      .update(budgets)
      .set({ ...change, version: version + 1, updatedAt: now, updatedBy: actor })
      .where(and(eq(budgets.projectId, projectId), eq(budgets.id, budgetId)))
      .returning();
    if (budget === undefined) return { kind: "not_found" };
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "budget.update",
      projectId,
      subjectId: budgetId,
      ...facts,
    });
    await raiseControlVersion(transaction, now);
    return { kind: "updated", budget };
  });
}

async function isNameTaken(
  transaction: Transaction,
  { id, projectId, name }: Budget,
): Promise<boolean> {
  const others = and(
    eq(budgets.projectId, projectId),
    eq(budgets.name, name),
    ne(budgets.id, id),
    isNull(budgets.deletedAt),
  );
  return (await transaction.$count(budgets, others)) > 0;
}
