import { and, asc, eq, gt, inArray, isNull } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { budgetOverrides, budgets } from "../../db/schema/budgets.ts";
import { listOrder, WHOLE_LIST, type ListPart } from "../list-order.ts";
import type { Budget, BudgetOverride } from "./budget.ts";

/** A budget with the overrides that run or will. */
export interface ListedBudget extends Budget {
  readonly overrides: readonly BudgetOverride[];
}

/** By name. */
export const BUDGET_ORDER = listOrder<Budget>(
  { kind: "text", by: budgets.name, of: (budget) => budget.name },
  { kind: "text", by: budgets.id, of: (budget) => budget.id },
);

/** Without those that were deleted, in `BUDGET_ORDER`. */
export async function listBudgets(
  db: Database,
  { projectId, at }: { projectId: string; at: Date },
  { limit, after }: ListPart = WHOLE_LIST,
): Promise<ListedBudget[]> {
  const rows = await db
    .select()
    .from(budgets)
    .where(
      and(
        eq(budgets.projectId, projectId),
        isNull(budgets.deletedAt),
        BUDGET_ORDER.isBehind(after),
      ),
    )
    .orderBy(...BUDGET_ORDER.orderBy)
    .limit(limit);
  return withOverrides(db, rows, at);
}

/** Undefined when the project has no such budget, or it was deleted. */
export async function findBudget(
  db: Database,
  { projectId, budgetId, at }: { projectId: string; budgetId: string; at: Date },
): Promise<ListedBudget | undefined> {
  const rows = await db
    .select()
    .from(budgets)
    .where(
      and(eq(budgets.projectId, projectId), eq(budgets.id, budgetId), isNull(budgets.deletedAt)),
    );
  const [found] = await withOverrides(db, rows, at);
  return found;
}

/** The one that ends last first. */
export const OVERRIDE_ORDER = listOrder<BudgetOverride>(
  { kind: "time", by: budgetOverrides.endsAt, of: (one) => one.endsAt, isFalling: true },
  { kind: "text", by: budgetOverrides.id, of: (one) => one.id },
);

/** As many as the page of a budget shows. */
const OVERRIDES_SHOWN: ListPart = { limit: 50 };

/** The overrides of a budget, also those that are over, in `OVERRIDE_ORDER`. */
export async function listOverrides(
  db: Database,
  { projectId, budgetId }: { projectId: string; budgetId: string },
  { limit, after }: ListPart = OVERRIDES_SHOWN,
): Promise<BudgetOverride[]> {
  return db
    .select()
    .from(budgetOverrides)
    .where(
      and(
        eq(budgetOverrides.projectId, projectId),
        eq(budgetOverrides.budgetId, budgetId),
        OVERRIDE_ORDER.isBehind(after),
      ),
    )
    .orderBy(...OVERRIDE_ORDER.orderBy)
    .limit(limit);
}

async function withOverrides(
  db: Database,
  rows: readonly Budget[],
  at: Date,
): Promise<ListedBudget[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const overrides = await db
    .select()
    .from(budgetOverrides)
    .where(and(inArray(budgetOverrides.budgetId, ids), gt(budgetOverrides.endsAt, at)))
    .orderBy(asc(budgetOverrides.startsAt), asc(budgetOverrides.id));
  const byBudget = Map.groupBy(overrides, ({ budgetId }) => budgetId);
  return rows.map((row) => ({ ...row, overrides: byBudget.get(row.id) ?? [] }));
}
