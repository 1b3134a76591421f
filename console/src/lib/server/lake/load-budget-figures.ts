import { forecastSpend, type Forecast } from "@lensai/analytics/budgets/forecast";
import { MAX_RANGE_DAYS, type TimeRange } from "@lensai/analytics/queries/query-source";
import { scopeCostSeries, SERIES_SCOPES_MAX } from "@lensai/analytics/queries/scope-cost-series";
import { scopeSpend, type ScopeSpend } from "@lensai/analytics/queries/scope-spend";
import {
  scopeSpendByValue,
  type SpendByValue,
} from "@lensai/analytics/queries/scope-spend-by-value";
import { limitAt, type TimedLimit } from "../../budgets/limit-at.ts";
import { countedSpan, type Period } from "../../budgets/period.ts";
import type { Budget } from "../services/budgets/budget.ts";
import type { LakeReader } from "./lake-reader.ts";

export interface BudgetFigures {
  /** What counts now: the period, or a rolling window up to the end of its slice. */
  readonly span: Period;
  readonly limitNanoUsd: bigint;
  readonly spend: ScopeSpend;
  /** Of a budget for each value: the dearest ones. */
  readonly byValue: SpendByValue | undefined;
  /** Undefined for a budget for each value, of which every value has its own future. */
  readonly forecast: Forecast | undefined;
}

/** A budget as far as its figures go; a proposed one has no id yet. */
export type CountedBudget = Pick<
  Budget,
  "scope" | "each" | "limitNanoUsd" | "period" | "createdAt"
> & { readonly overrides: readonly TimedLimit[] };

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Eight weeks of hours: what a forecast looks at. */
const HISTORY_HOURS = 8 * 168;
const VALUES_SHOWN = 20;

/**
 * What has been spent of each budget and where that leads, in the order of the budgets; undefined for one that limits
 * nothing now. Rejects with the lake's or the query's LensError.
 */
export async function loadBudgetFigures(
  lake: LakeReader,
  { projectId, budgets, nowUnixMs }: FiguresQuestion,
): Promise<(BudgetFigures | undefined)[]> {
  await lake.refresh();
  const figures: (BudgetFigures | undefined)[] = [];
  for (let first = 0; first < budgets.length; first += SERIES_SCOPES_MAX) {
    const some = budgets.slice(first, first + SERIES_SCOPES_MAX);
    figures.push(...(await loadSome(lake, { projectId, budgets: some, nowUnixMs })));
  }
  return figures;
}

export interface FiguresQuestion {
  readonly projectId: string;
  readonly budgets: readonly CountedBudget[];
  readonly nowUnixMs: number;
}

async function loadSome(
  lake: LakeReader,
  { projectId, budgets, nowUnixMs }: FiguresQuestion,
): Promise<(BudgetFigures | undefined)[]> {
  // To the minute, so that reloads of the page find the answer.
  const toUnixMs = Math.ceil((nowUnixMs + 1) / MINUTE_MS) * MINUTE_MS;
  const spans = budgets.map(({ period, createdAt }) =>
    countedSpan(period, nowUnixMs, createdAt.getTime()),
  );
  const ranges = spans.map((span): TimeRange => rangeOf(span, toUnixMs));
  const historyEndMs = Math.floor(nowUnixMs / HOUR_MS) * HOUR_MS;
  const history = { fromUnixMs: historyEndMs - HISTORY_HOURS * HOUR_MS, toUnixMs: historyEndMs };
  const scopes = budgets.map(({ scope }) => scope);
  const fromUnixMs = Math.min(history.fromUnixMs, ...ranges.map((range) => range.fromUnixMs));
  const name = `budgets ${JSON.stringify([scopes, ranges, historyEndMs])}`;
  const [spends, series] = await lake.ask(
    { name, projectId, fromUnixMs, toUnixMs },
    async (target) =>
      Promise.all([
        scopeSpend(
          projectId,
          scopes.map((scope, at) => ({ scope, ...(ranges[at] as TimeRange) })),
          target,
        ),
        scopeCostSeries(projectId, { ...history, intervalMs: HOUR_MS, scopes }, target),
      ]),
  );
  return Promise.all(
    budgets.map(async (budget, at) => {
      const span = spans[at];
      const spend = spends[at];
      if (span === undefined || spend === undefined) return undefined;
      const limitNanoUsd = limitAt(budget, budget.overrides, nowUnixMs);
      const range = ranges[at] as TimeRange;
      const question = { projectId, budget, limitNanoUsd, range };
      return {
        span,
        limitNanoUsd,
        spend,
        byValue: await loadByValue(lake, question),
        forecast:
          budget.each === null
            ? forecastSpend({
                hourlyNanoUsd: series[at] ?? [],
                historyEndMs,
                nowMs: nowUnixMs,
                // What a rolling window forgets meanwhile nobody forecasts.
                periodEndMs: budget.period.kind === "rolling" ? Infinity : span.endMs,
                spentNanoUsd: spend.costNanoUsd ?? 0n,
              })
            : undefined,
      };
    }),
  );
}

interface ByValueQuestion {
  readonly projectId: string;
  readonly budget: CountedBudget;
  readonly limitNanoUsd: bigint;
  readonly range: TimeRange;
}

async function loadByValue(
  lake: LakeReader,
  { projectId, budget: { each, scope }, limitNanoUsd, range }: ByValueQuestion,
): Promise<SpendByValue | undefined> {
  if (each === null) return undefined;
  const input = { ...range, scope, each, limit: VALUES_SHOWN, fullNanoUsd: limitNanoUsd };
  const name = `by value ${JSON.stringify([scope, each, limitNanoUsd.toString()])}`;
  return lake.ask({ name, projectId, ...range }, (target) =>
    scopeSpendByValue(projectId, input, target),
  );
}

/** A total of years is counted from as far back as a query goes. */
function rangeOf(span: Period | undefined, toUnixMs: number): TimeRange {
  const oldest = toUnixMs - MAX_RANGE_DAYS * DAY_MS;
  const startMs = span?.startMs ?? toUnixMs - MINUTE_MS;
  return { fromUnixMs: Math.min(Math.max(startMs, oldest), toUnixMs - 1), toUnixMs };
}
