import { boundFacts, type CallBoundFacts } from "@lensai/analytics/queries/bound-facts";
import { MAX_RANGE_DAYS } from "@lensai/analytics/queries/query-source";
import { scopeCostSeries, SERIES_BUCKETS_MAX } from "@lensai/analytics/queries/scope-cost-series";
import { scopeSpend } from "@lensai/analytics/queries/scope-spend";
import { scopeSpendByValue } from "@lensai/analytics/queries/scope-spend-by-value";
import { periodAt, type Period } from "../../budgets/period.ts";
import type { BudgetFigures, CountedBudget } from "./load-budget-figures.ts";
import type { LakeReader } from "./lake-reader.ts";

/** One point of the curve: what was spent of the period by then. */
export interface SpendPoint {
  readonly unixMs: number;
  readonly spentNanoUsd: bigint;
}

interface PastPeriod extends Period {
  /** Of all together, or of the dearest value. */
  readonly spentNanoUsd: bigint | undefined;
  readonly value: string | undefined;
}

export interface BudgetHistory {
  readonly curve: readonly SpendPoint[];
  /** Latest first. */
  readonly pastPeriods: readonly PastPeriod[];
  /** Of the last days. */
  readonly boundFacts: CallBoundFacts;
}

export interface HistoryQuestion {
  readonly projectId: string;
  readonly budget: CountedBudget;
  readonly figures: BudgetFigures;
  readonly nowUnixMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const CURVE_POINTS = 160;
const PAST_PERIODS = 6;
/** How far back one looks for what bounds the overspend. */
export const BOUND_DAYS = 7;

/** What one budget's page shows besides its figures. Rejects with the lake's or the query's LensError. */
export async function loadBudgetHistory(
  lake: LakeReader,
  question: HistoryQuestion,
): Promise<BudgetHistory> {
  const [curve, pastPeriods, facts] = await Promise.all([
    loadCurve(lake, question),
    loadPastPeriods(lake, question),
    loadBoundFacts(lake, question),
  ]);
  return { curve, pastPeriods, boundFacts: facts };
}

async function loadCurve(
  lake: LakeReader,
  { projectId, budget: { scope, period: rule }, figures: { span }, nowUnixMs }: HistoryQuestion,
): Promise<SpendPoint[]> {
  const toUnixMs = Math.ceil((nowUnixMs + 1) / MINUTE_MS) * MINUTE_MS;
  const startMs = Math.max(span.startMs, toUnixMs - MAX_RANGE_DAYS * DAY_MS);
  // A window shows how it came to hold what it holds, so it needs what was before it.
  const windowMs = rule.kind === "rolling" ? rule.windowMs : 0;
  const wanted = (toUnixMs - startMs) / CURVE_POINTS;
  const intervalMs = Math.max(1, Math.ceil(wanted / MINUTE_MS)) * MINUTE_MS;
  const range = { fromUnixMs: startMs - windowMs, toUnixMs };
  if ((toUnixMs - range.fromUnixMs) / intervalMs > SERIES_BUCKETS_MAX) return [];
  const name = `curve in steps of ${intervalMs} ${JSON.stringify(scope)}`;
  const [costs = []] = await lake.ask({ name, projectId, ...range }, (target) =>
    scopeCostSeries(projectId, { ...range, intervalMs, scopes: [scope] }, target),
  );
  return summedUp(costs, {
    fromUnixMs: range.fromUnixMs,
    intervalMs,
    windowMs,
    startMs,
    nowUnixMs,
  });
}

interface Steps {
  readonly fromUnixMs: number;
  readonly intervalMs: number;
  /** 0: everything since the start counts. */
  readonly windowMs: number;
  readonly startMs: number;
  readonly nowUnixMs: number;
}

/** What was spent by the end of each step, of those that end after the start. */
function summedUp(costs: readonly bigint[], steps: Steps): SpendPoint[] {
  const { fromUnixMs, intervalMs, windowMs, startMs, nowUnixMs } = steps;
  const forgotten = windowMs === 0 ? Infinity : Math.round(windowMs / intervalMs);
  const points: SpendPoint[] = windowMs === 0 ? [{ unixMs: startMs, spentNanoUsd: 0n }] : [];
  let spentNanoUsd = 0n;
  for (const [at, cost] of costs.entries()) {
    spentNanoUsd += cost - (at >= forgotten ? (costs[at - forgotten] ?? 0n) : 0n);
    const unixMs = Math.min(fromUnixMs + (at + 1) * intervalMs, nowUnixMs);
    if (unixMs > startMs) points.push({ unixMs, spentNanoUsd });
  }
  return points;
}

async function loadPastPeriods(
  lake: LakeReader,
  { projectId, budget, figures, nowUnixMs }: HistoryQuestion,
): Promise<PastPeriod[]> {
  const { scope, each } = budget;
  const periods = periodsBefore(budget, figures.span, nowUnixMs);
  return Promise.all(
    periods.map(async (period): Promise<PastPeriod> => {
      const range = { fromUnixMs: period.startMs, toUnixMs: period.endMs };
      const name = `past period ${JSON.stringify([scope, each])}`;
      return lake.ask({ name, projectId, ...range }, async (target) => {
        if (each === null) {
          const [spend] = await scopeSpend(projectId, [{ ...range, scope }], target);
          return { ...period, spentNanoUsd: spend?.costNanoUsd, value: undefined };
        }
        const input = { ...range, scope, each, limit: 1, fullNanoUsd: 1n };
        const [dearest] = (await scopeSpendByValue(projectId, input, target)).values;
        return {
          ...period,
          spentNanoUsd: dearest === undefined ? 0n : dearest.costNanoUsd,
          value: dearest?.value,
        };
      });
    }),
  );
}

/** Those before the current one that lie within the reach of a query; none of a total or a rolling window. */
function periodsBefore({ period: rule }: CountedBudget, span: Period, nowUnixMs: number): Period[] {
  if (rule.kind === "total" || rule.kind === "rolling") return [];
  const found: Period[] = [];
  const oldestMs = nowUnixMs - MAX_RANGE_DAYS * DAY_MS;
  let period = periodAt(rule, span.startMs - 1);
  while (period !== undefined && found.length < PAST_PERIODS && period.startMs > oldestMs) {
    found.push(period);
    period = periodAt(rule, period.startMs - 1);
  }
  return found;
}

async function loadBoundFacts(
  lake: LakeReader,
  { projectId, budget: { scope }, nowUnixMs }: HistoryQuestion,
): Promise<CallBoundFacts> {
  const toUnixMs = Math.ceil((nowUnixMs + 1) / DAY_MS) * DAY_MS;
  const range = { fromUnixMs: toUnixMs - BOUND_DAYS * DAY_MS, toUnixMs };
  const name = `bound ${JSON.stringify(scope)}`;
  return lake.ask({ name, projectId, ...range }, (target) =>
    boundFacts(projectId, { ...range, scope }, target),
  );
}
