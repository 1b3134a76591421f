import { eq, isNull } from "drizzle-orm";
import { countedSpan } from "../../../budgets/period.ts";
import type { Database } from "../../db/client.ts";
import { budgetSettlements } from "../../db/schema/budget-ledgers.ts";
import { budgets } from "../../db/schema/budgets.ts";
import type { Budget } from "../budgets/budget.ts";
import { sortedScope } from "../snapshot/sorted-scope.ts";
import { cellStartOf } from "./spend-cells.ts";

/** A budget, and from when on its ledgers count what the lake knows. */
export interface SettledBudget {
  readonly budget: Budget;
  /** Undefined: not yet, or by a scope or a period that it no longer has. */
  readonly countedFromMs: number | undefined;
}

/** All budgets of all projects that are not deleted. */
export async function settledBudgets(db: Database): Promise<SettledBudget[]> {
  const rows = await db
    .select()
    .from(budgets)
    .leftJoin(budgetSettlements, eq(budgetSettlements.budgetId, budgets.id))
    .where(isNull(budgets.deletedAt));
  return rows.map(({ budgets: budget, budget_settlements: settlement }) => ({
    budget,
    countedFromMs:
      settlement?.countedBy === countedBy(budget) ? settlement.countedFrom.getTime() : undefined,
  }));
}

/** From when on a budget is to be counted that was not counted before; undefined where it limits nothing now. */
export function firstCountedMs({ period, createdAt }: Budget, nowMs: number): number | undefined {
  const span = countedSpan(period, nowMs, createdAt.getTime());
  return span && cellStartOf(span.startMs);
}

export async function recordSettlement(
  db: Database,
  budget: Budget,
  { countedFromMs, now }: { readonly countedFromMs: number; readonly now: Date },
): Promise<void> {
  const countedFrom = new Date(countedFromMs);
  const counted = { countedBy: countedBy(budget), countedFrom, settledAt: now };
  await db
    .insert(budgetSettlements)
    .values({ budgetId: budget.id, projectId: budget.projectId, ...counted })
    .onConflictDoUpdate({ target: budgetSettlements.budgetId, set: counted });
}

/** What decides which ledger a call is in. */
function countedBy({ scope, each, period }: Budget): string {
  return JSON.stringify([sortedScope(scope), each, sortedMembers(period)]);
}

function sortedMembers(period: object): string[] {
  return Object.entries(period)
    .map(([name, value]) => `${name} ${value}`)
    .toSorted();
}
