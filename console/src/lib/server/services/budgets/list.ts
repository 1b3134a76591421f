import { and, asc, desc, eq, gt, inArray, isNull } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { budgetOverrides, budgets } from "../../db/schema/budgets.ts";
import type { Budget, BudgetOverride } from "./budget.ts";

/** Older ones are in the audit log. */
const OVERRIDES_LISTED_MAX = 50;

/** A budget with the overrides that run or will. */
export interface ListedBudget extends Budget {
  readonly overrides: readonly BudgetOverride[];
}

/** By name, without those that were deleted. */
export async function listBudgets(
  db: Database,
  { projectId, at }: { projectId: string; at: Date },
): Promise<ListedBudget[]> {
  const rows = await db
    .select()
    .from(budgets)
    .where(and(eq(budgets.projectId, projectId), isNull(budgets.deletedAt)))
    .orderBy(asc(budgets.name), asc(budgets.id));
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

/** All overrides of a budget, also those that are over, latest first. */
export async function listOverrides(
  db: Database,
  { projectId, budgetId }: { projectId: string; budgetId: string },
): Promise<BudgetOverride[]> {
  return db
    .select()
    .from(budgetOverrides)
    .where(and(eq(budgetOverrides.projectId, projectId), eq(budgetOverrides.budgetId, budgetId)))
    .orderBy(desc(budgetOverrides.endsAt), asc(budgetOverrides.id))
    .limit(OVERRIDES_LISTED_MAX);
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
