import { forecastSpend, type Forecast } from "@lensai/analytics/budgets/forecast";
import { scopeCostSeries } from "@lensai/analytics/queries/scope-cost-series";
import { and, eq, gte, lt, sql, sum } from "drizzle-orm";
import { limitAt } from "#lib/budgets/limit-at.ts";
import { countedSpan, type Period, type PeriodRule } from "#lib/budgets/period.ts";
import type { Database } from "../../db/client.ts";
import { budgetLedgers } from "../../db/schema/budget-ledgers.ts";
import type { LakeReader } from "../../lake/lake-reader.ts";
import { LOOKED_BACK_MS } from "../../services/alerts/pace.ts";
import type { ListedBudget } from "../../services/budgets/list.ts";
import type { BudgetPeriod, BudgetReading } from "./budget-alerts.ts";
import type { ExhaustedBudgets } from "./exhausted-budgets.ts";

const HOUR_MS = 3_600_000;
const HISTORY_HOURS = 8 * 168;

export interface BudgetQuestion {
  readonly budgets: readonly ListedBudget[];
  readonly now: Date;
  /** Those that calls were refused under. */
  readonly exhausted: ExhaustedBudgets;
}

/** What the ledgers say is spent of each budget in the period that runs, by value where it is kept by value. */
export async function readBudgets(
  db: Database,
  { budgets, now, exhausted }: BudgetQuestion,
): Promise<BudgetReading[]> {
  const readings: BudgetReading[] = [];
  for (const budget of budgets) {
    const span = countedSpan(budget.period, now.getTime(), budget.createdAt.getTime());
    if (span === undefined) continue;
    readings.push(...(await readSpan(db, budget, { span, at: now, exhausted })));
  }
  return readings;
}

/**
 * The same at the end of each period that has just ended: what was held back then, and what has landed since, is found
 * there only. `budgets` have the overrides of that time, too. A budget that was changed since is another one.
 */
export async function readEndedBudgets(
  db: Database,
  { budgets, now, exhausted }: BudgetQuestion,
): Promise<BudgetReading[]> {
  const readings: BudgetReading[] = [];
  for (const budget of budgets) {
    const span = endedSpan(budget, now.getTime());
    if (span === undefined || budget.updatedAt.getTime() >= span.endMs) continue;
    const at = new Date(span.endMs - 1);
    readings.push(...(await readSpan(db, budget, { span, at, exhausted, isOver: true })));
  }
  return readings;
}

/** A rolling window never ends. */
function endedSpan({ period, createdAt }: ListedBudget, nowMs: number): Period | undefined {
  if (period.kind === "rolling") return undefined;
  const span = countedSpan(period, nowMs - LOOKED_BACK_MS, createdAt.getTime());
  return span !== undefined && span.endMs <= nowMs ? span : undefined;
}

interface SpanQuestion {
  readonly span: Period;
  /** Within it. */
  readonly at: Date;
  readonly exhausted: ExhaustedBudgets;
  readonly isOver?: boolean;
}

async function readSpan(
  db: Database,
  budget: ListedBudget,
  { span, at, exhausted, isOver = false }: SpanQuestion,
): Promise<BudgetReading[]> {
  const limitNanoUsd = limitAt(budget, budget.overrides, at.getTime());
  const period = periodOf(budget.period, span, at);
  const spent = await readSpent(db, budget, { span, limitNanoUsd });
  return spent.map(({ value, spentNanoUsd }) => {
    const each = budget.each === null ? undefined : { key: budget.each, value };
    const isExhausted =
      budget.mode === "enforce" && exhausted.has({ budget, value, span, limitNanoUsd });
    return { budget, each, limitNanoUsd, spentNanoUsd, period, isExhausted, isOver };
  });
}

/** Of a budget that is for all together also when nothing is spent; of values those that can have reached anything. */
async function readSpent(
  db: Database,
  budget: ListedBudget,
  { span, limitNanoUsd }: { readonly span: Period; readonly limitNanoUsd: bigint },
): Promise<{ readonly value: string; readonly spentNanoUsd: bigint }[]> {
  const lowest = BigInt(Math.min(100, ...budget.thresholdsPercent));
  const settled = sum(budgetLedgers.settledNanoUsd);
  const rows = await db
    .select({ value: budgetLedgers.value, settled })
    .from(budgetLedgers)
    .where(
      and(
        eq(budgetLedgers.projectId, budget.projectId),
        eq(budgetLedgers.budgetId, budget.id),
        gte(budgetLedgers.periodStartsAt, new Date(span.startMs)),
        span.endMs === Infinity
          ? undefined
          : lt(budgetLedgers.periodStartsAt, new Date(span.endMs)),
      ),
    )
    .groupBy(budgetLedgers.value)
    .having(
      budget.each === null ? undefined : sql`${settled} * 100 >= ${limitNanoUsd * lowest}::numeric`,
    );
  const found = rows.map(({ value, settled: nanoUsd }) => ({
    value,
    spentNanoUsd: BigInt(nanoUsd ?? 0),
  }));
  return budget.each === null && found.length === 0 ? [{ value: "", spentNanoUsd: 0n }] : found;
}

/**
 * A rolling window has no beginning: it counts as another period each time that it has gone by once, so that who
 * stays at the limit hears of it once per window and not at every slice.
 */
function periodOf(rule: PeriodRule, { startMs, endMs }: Period, now: Date): BudgetPeriod {
  const startsAt = new Date(startMs);
  if (rule.kind === "rolling") {
    const windows = Math.floor(now.getTime() / rule.windowMs);
    return { id: `rolling ${windows}`, startsAt, resetsAt: undefined };
  }
  return {
    id: startsAt.toISOString(),
    startsAt,
    resetsAt: endMs === Infinity ? undefined : new Date(endMs),
  };
}

/** What will be spent at the end of the period of a reading. */
export async function readForecast(
  lake: LakeReader,
  projectId: string,
  { reading, now }: { readonly reading: BudgetReading; readonly now: Date },
): Promise<Forecast> {
  const historyEndMs = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS;
  const range = { fromUnixMs: historyEndMs - HISTORY_HOURS * HOUR_MS, toUnixMs: historyEndMs };
  const { scope } = reading.budget;
  const name = `hours of ${JSON.stringify(scope)}`;
  const [hourlyNanoUsd = []] = await lake.ask({ name, projectId, ...range }, (target) =>
    scopeCostSeries(projectId, { scopes: [scope], ...range, intervalMs: HOUR_MS }, target),
  );
  return forecastSpend({
    hourlyNanoUsd,
    historyEndMs,
    nowMs: now.getTime(),
    periodEndMs: reading.period.resetsAt?.getTime() ?? Infinity,
    spentNanoUsd: reading.spentNanoUsd,
  });
}
