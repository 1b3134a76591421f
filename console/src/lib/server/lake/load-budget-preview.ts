import type { Backtest } from "@lensai/analytics/budgets/backtest";
import type { TimedLimit } from "../../budgets/limit-at.ts";
import { loadBacktest, type ProposedBudget } from "./load-backtest.ts";
import { loadBudgetFigures, type BudgetFigures } from "./load-budget-figures.ts";
import type { LakeReader } from "./lake-reader.ts";

/** What a proposed budget would be now, and what it would have done. */
export interface BudgetPreview {
  readonly budget: ProposedBudget;
  /** Undefined: it would limit nothing now. */
  readonly figures: BudgetFigures | undefined;
  readonly backtest: Backtest;
}

export interface PreviewQuestion {
  readonly projectId: string;
  readonly budget: ProposedBudget;
  readonly overrides?: readonly TimedLimit[];
  readonly days: number;
  readonly nowUnixMs: number;
}

export async function loadBudgetPreview(
  lake: LakeReader,
  { projectId, budget, overrides = [], days, nowUnixMs }: PreviewQuestion,
): Promise<BudgetPreview> {
  const counted = { ...budget, overrides, createdAt: new Date(nowUnixMs) };
  const [[figures], backtest] = await Promise.all([
    loadBudgetFigures(lake, { projectId, budgets: [counted], nowUnixMs }),
    loadBacktest(lake, { projectId, budget, days, nowUnixMs }),
  ]);
  return { budget, figures, backtest };
}
