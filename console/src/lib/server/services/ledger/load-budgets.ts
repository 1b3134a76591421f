import { and, gt, inArray, isNull } from "drizzle-orm";
import { limitAt } from "../../../budgets/limit-at.ts";
import { countedSpan, periodAt, type Period } from "../../../budgets/period.ts";
import { budgetOverrides, budgets } from "../../db/schema/budgets.ts";
import type { Budget } from "../budgets/budget.ts";
import type { Transaction } from "../snapshot/raise-version.ts";
import { PERIOD_GRACE_MS } from "./lease-times.ts";

/** A budget as the ledger asks about it. */
export interface LedgerBudget {
  readonly budget: Budget;
  /** With the overrides that run. */
  readonly limitNanoUsd: bigint;
}

/** By id; those that were deleted are not there. */
export async function loadBudgets(
  transaction: Transaction,
  budgetIds: readonly string[],
  now: Date,
): Promise<ReadonlyMap<string, LedgerBudget>> {
  if (budgetIds.length === 0) return new Map();
  const rows = await transaction
    .select()
    .from(budgets)
    .where(and(inArray(budgets.id, [...budgetIds]), isNull(budgets.deletedAt)));
  const overrides = await transaction
    .select()
    .from(budgetOverrides)
    .where(and(inArray(budgetOverrides.budgetId, [...budgetIds]), gt(budgetOverrides.endsAt, now)));
  const byBudget = Map.groupBy(overrides, ({ budgetId }) => budgetId);
  return new Map(
    rows.map((budget) => {
      const limitNanoUsd = limitAt(budget, byBudget.get(budget.id) ?? [], now.getTime());
      return [budget.id, { budget, limitNanoUsd }];
    }),
  );
}

/**
 * The period that begins at this moment, if it runs at `nowMs` or nearly so; undefined for every other moment.
 * Processes may not choose the period that they spend in.
 */
export function runningPeriod(
  { period: rule, createdAt }: Budget,
  periodStartMs: number,
  nowMs: number,
): Period | undefined {
  const period = periodAt(rule, periodStartMs, createdAt.getTime());
  if (period?.startMs !== periodStartMs) return undefined;
  const isRunning =
    nowMs >= period.startMs - PERIOD_GRACE_MS && nowMs < period.endMs + PERIOD_GRACE_MS;
  return isRunning ? period : undefined;
}

/** From when on spend counts against the limit in this period. */
export function countedFromMs({ period: rule, createdAt }: Budget, period: Period): number {
  return countedSpan(rule, period.startMs, createdAt.getTime())?.startMs ?? period.startMs;
}
