import { and, eq, isNull } from "drizzle-orm";
import { budgets } from "../../db/schema/budgets.ts";
import type { Transaction } from "../snapshot/raise-version.ts";
import type { Budget } from "./budget.ts";

/** Somebody changed the budget since: nothing is done, and `currentVersion` is what there is now (HTTP 412). */
export interface VersionConflict {
  readonly kind: "conflict";
  readonly currentVersion: number;
}

export interface BudgetNotFound {
  readonly kind: "not_found";
}

/**
 * The row of a budget, kept from others until the transaction ends; undefined when there is none. Rows that only refer to
 * it (ledgers, leases, alerts) can be added meanwhile.
 */
export async function lockBudget(
  transaction: Transaction,
  { projectId, budgetId }: { projectId: string; budgetId: string },
): Promise<Budget | undefined> {
  const [budget] = await transaction
    .select()
    .from(budgets)
    .where(
      and(eq(budgets.projectId, projectId), eq(budgets.id, budgetId), isNull(budgets.deletedAt)),
    )
    .for("no key update");
  return budget;
}
