import { BacktestRun, type Backtest } from "@lensai/analytics/budgets/backtest";
import { visitCallsInScope } from "@lensai/analytics/queries/calls-in-scope";
import { periodAt } from "../../budgets/period.ts";
import type { Budget } from "../services/budgets/budget.ts";
import type { LakeReader } from "./lake-reader.ts";

export const BACKTEST_DAYS = [7, 30, 90] as const;

export type ProposedBudget = Pick<
  Budget,
  "scope" | "each" | "limitNanoUsd" | "period" | "unknownPrice" | "thresholdsPercent"
>;

export interface BacktestQuestion {
  readonly projectId: string;
  readonly budget: ProposedBudget;
  readonly days: number;
  readonly nowUnixMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * What a budget would have done in the last days. A total counts from the beginning of them. Rejects with the lake's
 * or the query's LensError.
 */
export async function loadBacktest(
  lake: LakeReader,
  { projectId, budget, days, nowUnixMs }: BacktestQuestion,
): Promise<Backtest> {
  await lake.refresh();
  // To the hour: answers of millions of calls are kept for as long as they can be.
  const toUnixMs = Math.ceil((nowUnixMs + 1) / HOUR_MS) * HOUR_MS;
  const range = { fromUnixMs: toUnixMs - days * DAY_MS, toUnixMs };
  const { scope, each, limitNanoUsd, period, unknownPrice, thresholdsPercent } = budget;
  const rule = period.kind === "total" ? ({ kind: "total" } as const) : period;
  const name = `back-test ${JSON.stringify([scope, each, limitNanoUsd.toString(), rule, unknownPrice, thresholdsPercent])}`;
  return lake.ask({ name, projectId, ...range }, async (target) => {
    const run = new BacktestRun({
      limitNanoUsd,
      isForEach: each !== null,
      unknownPrice,
      thresholdsPercent,
      periodAt: (unixMs) => periodAt(rule, unixMs, range.fromUnixMs),
      windowMs: rule.kind === "rolling" ? rule.windowMs : undefined,
    });
    const visit = run.add.bind(run);
    await visitCallsInScope(projectId, { ...range, scope, each: each ?? "user", visit }, target);
    return run.result();
  });
}
