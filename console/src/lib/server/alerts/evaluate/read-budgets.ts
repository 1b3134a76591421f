import { forecastSpend, type Forecast } from "@lensai/analytics/budgets/forecast";
import { scopeCostSeries } from "@lensai/analytics/queries/scope-cost-series";
import { scopeSpend, SPENDS_ASKED_MAX } from "@lensai/analytics/queries/scope-spend";
import { scopeSpendByValue } from "@lensai/analytics/queries/scope-spend-by-value";
import { limitAt } from "#lib/budgets/limit-at.ts";
import { countedSpan, type Period, type PeriodRule } from "#lib/budgets/period.ts";
import type { LakeReader } from "../../lake/lake-reader.ts";
import type { ListedBudget } from "../../services/budgets/list.ts";
import type { BudgetPeriod, BudgetReading } from "./budget-alerts.ts";

/** The dearest are those that can have reached anything. */
const VALUES_MAX = 1000;
const HOUR_MS = 3_600_000;
const HISTORY_HOURS = 8 * 168;

/** A budget and the span that counts against it now. */
interface RunningBudget {
  readonly budget: ListedBudget;
  readonly span: Period;
  readonly limitNanoUsd: bigint;
}

export interface BudgetQuestion {
  readonly projectId: string;
  readonly budgets: readonly ListedBudget[];
  readonly now: Date;
}

/** What is spent of each budget in the period that runs, as far as it has landed in the lake. */
export async function readBudgets(
  lake: LakeReader,
  question: BudgetQuestion,
): Promise<BudgetReading[]> {
  const running = runningBudgets(question);
  const shared = running.filter(({ budget }) => budget.each === null);
  const split = running.filter(({ budget }) => budget.each !== null);
  const readings: BudgetReading[] = [];
  for (let at = 0; at < shared.length; at += SPENDS_ASKED_MAX)
    readings.push(...(await readShared(lake, question, shared.slice(at, at + SPENDS_ASKED_MAX))));
  for (const one of split) readings.push(...(await readSplit(lake, question, one)));
  return readings;
}

function runningBudgets({ budgets, now }: BudgetQuestion): RunningBudget[] {
  const nowMs = now.getTime();
  return budgets.flatMap((budget) => {
    const span = countedSpan(budget.period, nowMs, budget.createdAt.getTime());
    if (span === undefined) return [];
    return [{ budget, span, limitNanoUsd: limitAt(budget, budget.overrides, nowMs) }];
  });
}

async function readShared(
  lake: LakeReader,
  { projectId, now }: BudgetQuestion,
  running: readonly RunningBudget[],
): Promise<BudgetReading[]> {
  const inputs = running.map(({ budget, span }) => ({
    scope: budget.scope,
    ...rangeOf(span, now),
  }));
  const range = {
    fromUnixMs: Math.min(...inputs.map(({ fromUnixMs }) => fromUnixMs)),
    toUnixMs: Math.max(...inputs.map(({ toUnixMs }) => toUnixMs)),
  };
  const name = `budgets ${JSON.stringify(inputs)}`;
  const spends = await lake.ask({ name, projectId, ...range }, (target) =>
    scopeSpend(projectId, inputs, target),
  );
  return running.map((one, index) => {
    const { costNanoUsd } = spends[index] ?? {};
    return readingOf(one, { now, costNanoUsd, each: undefined });
  });
}

async function readSplit(
  lake: LakeReader,
  { projectId, now }: BudgetQuestion,
  running: RunningBudget,
): Promise<BudgetReading[]> {
  const { budget, span, limitNanoUsd } = running;
  const { scope, each } = budget;
  if (each === null) return [];
  const range = rangeOf(span, now);
  const input = { scope, each, ...range, limit: VALUES_MAX, fullNanoUsd: limitNanoUsd };
  const name = `budget by value ${JSON.stringify({ scope, each })} ${limitNanoUsd}`;
  const { values } = await lake.ask({ name, projectId, ...range }, (target) =>
    scopeSpendByValue(projectId, input, target),
  );
  return values.map(({ value, costNanoUsd }) =>
    readingOf(running, { now, costNanoUsd, each: { key: each, value } }),
  );
}

interface Spent extends Pick<BudgetReading, "each"> {
  readonly now: Date;
  readonly costNanoUsd: bigint | undefined;
}

/** What has no known price has no known share of a limit: it counts as nothing here, and is told of apart. */
function readingOf(
  { budget, span, limitNanoUsd }: RunningBudget,
  { now, costNanoUsd = 0n, each }: Spent,
): BudgetReading {
  const period = periodOf(budget.period, span, now);
  return { budget, each, limitNanoUsd, spentNanoUsd: costNanoUsd, period };
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

/** Calls of clocks that are ahead count as well. The end is the period's, or a day from now. */
function rangeOf({ startMs, endMs }: Period, now: Date): { fromUnixMs: number; toUnixMs: number } {
  const dayAheadMs = (Math.floor(now.getTime() / HOUR_MS) + 25) * HOUR_MS;
  return {
    fromUnixMs: Math.max(0, Math.ceil(startMs)),
    toUnixMs: Math.ceil(Math.min(endMs, dayAheadMs)),
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
