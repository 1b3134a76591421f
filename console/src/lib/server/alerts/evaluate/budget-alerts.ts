import type { BudgetMode } from "@lensai/otel-config/control/budgets";
import type { CallScope, ScopeKey } from "@lensai/otel-config/control/call-scope";
import type { AlertOccurrence } from "../../services/alerts/record-alerts.ts";

/** What is spent of a budget in a period, for all together or for one value of what it is kept for. */
export interface BudgetReading {
  readonly budget: {
    readonly id: string;
    readonly name: string;
    readonly scope: CallScope;
    readonly mode: BudgetMode;
    readonly thresholdsPercent: readonly number[];
  };
  readonly each: { readonly key: ScopeKey; readonly value: string } | undefined;
  /** With overrides that run. */
  readonly limitNanoUsd: bigint;
  readonly spentNanoUsd: bigint;
  readonly period: BudgetPeriod;
  /** Too little is left for the next call: one was refused. */
  readonly isExhausted: boolean;
  /** The period has ended. */
  readonly isOver?: boolean;
}

export interface BudgetPeriod {
  /** Of a rolling window: one name for as long as the window is. */
  readonly id: string;
  readonly startsAt: Date;
  /** Undefined for a total without an end. */
  readonly resetsAt: Date | undefined;
}

const ALL_PERCENT = 100;

/**
 * What a reading gives to tell. Every threshold that is reached is an event of its own, which happens once per budget,
 * value and period; when several are reached at a time, only the highest is told. 100 % always counts.
 */
export function budgetAlerts(reading: BudgetReading): AlertOccurrence[] {
  const { thresholdsPercent } = reading.budget;
  const reached = [...new Set([...thresholdsPercent, ALL_PERCENT])]
    .filter((percent) => isReached(reading, percent))
    .toSorted((one, other) => other - one);
  return reached.map((percent, index) =>
    occurrenceOf(reading, percent, index > 0 ? keyOf(reading, reached[0]) : undefined),
  );
}

/** Without a division: $0.90 of $1.00 is 90 %, $0.8999 is not. */
function isReached(
  { spentNanoUsd, limitNanoUsd, isExhausted }: BudgetReading,
  percent: number,
): boolean {
  if (isExhausted && percent === ALL_PERCENT) return true;
  return spentNanoUsd * 100n >= limitNanoUsd * BigInt(percent);
}

function occurrenceOf(
  reading: BudgetReading,
  percent: number,
  toldBy: string | undefined,
): AlertOccurrence {
  const key = keyOf(reading, percent);
  const details = budgetFacts(reading);
  if (percent === ALL_PERCENT)
    return { kind: "budget.exceeded", key, severity: "critical", toldBy, details };
  return {
    kind: "budget.threshold",
    key,
    severity: severityOf(percent),
    toldBy,
    details: { ...details, thresholdPercent: percent },
  };
}

const keyOf = (reading: BudgetReading, percent: number | undefined): string =>
  `${budgetKey(reading)} ${percent}`;

function severityOf(percent: number): AlertOccurrence["severity"] {
  if (percent > ALL_PERCENT) return "critical";
  return percent >= 80 ? "warning" : "info";
}

/** The value comes last: it may be any text. */
export function budgetKey({ budget, period, each }: Omit<BudgetReading, "spentNanoUsd">): string {
  const value = each === undefined ? "" : ` ${JSON.stringify(each.value)}`;
  return `budget ${budget.id} ${period.id}${value}`;
}

export function budgetFacts(
  reading: BudgetReading,
): Extract<AlertOccurrence, { kind: "budget.exceeded" }>["details"] {
  const { budget, each, limitNanoUsd, spentNanoUsd, period, isOver } = reading;
  return {
    budgetId: budget.id,
    budgetName: budget.name,
    scope: budget.scope,
    ...(each !== undefined && { each }),
    mode: budget.mode,
    limitNanoUsd: limitNanoUsd.toString(),
    spentNanoUsd: spentNanoUsd.toString(),
    periodStartsAt: period.startsAt.toISOString(),
    ...(period.resetsAt !== undefined && { resetsAt: period.resetsAt.toISOString() }),
    ...(isOver === true && { isOver }),
  };
}
