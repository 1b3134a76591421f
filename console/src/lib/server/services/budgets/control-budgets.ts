import { asc, gt, isNull, sql } from "drizzle-orm";
import type { ControlBudget } from "@lensai/otel-config/control/budgets";
import { limitAt } from "../../../budgets/limit-at.ts";
import { periodAfter, periodAt, type Period } from "../../../budgets/period.ts";
import { budgetOverrides, budgets } from "../../db/schema/budgets.ts";
import { controlVersions } from "../../db/schema/control-versions.ts";
import type { Transaction } from "../snapshot/raise-version.ts";
import { sortedScope } from "../snapshot/sorted-scope.ts";
import type { Budget } from "./budget.ts";

/**
 * Periods that are told beyond the next: for a process that hears nothing that long, a day in every time zone and a
 * month of any length still begins when it does.
 */
const LATER_PERIODS = 7;

/** The budgets that there are and what raises them, for `controlBudgets`. */
export interface StoredBudgets {
  readonly rows: readonly Budget[];
  /** All that had not ended at the last change of control. */
  readonly overrides: readonly (typeof budgetOverrides.$inferSelect)[];
}

export async function readBudgets(transaction: Transaction): Promise<StoredBudgets> {
  const changedAt = transaction.select({ at: controlVersions.changedAt }).from(controlVersions);
  const [rows, overrides] = await Promise.all([
    transaction.select().from(budgets).where(isNull(budgets.deletedAt)).orderBy(asc(budgets.id)),
    transaction
      .select()
      .from(budgetOverrides)
      .where(gt(budgetOverrides.endsAt, sql`(${changedAt})`)),
  ]);
  return { rows, overrides };
}

/** The budgets of the control snapshot, as they are at the last change of control, by id. */
export function controlBudgets({ rows, overrides }: StoredBudgets, at: Date): ControlBudget[] {
  const byBudget = Map.groupBy(overrides, ({ budgetId }) => budgetId);
  const periods = periodsAt(at);
  return rows.flatMap((row) => {
    const period = periods(row);
    // A total that has not begun or is over: nothing is limited by it.
    return period === undefined
      ? []
      : [toControlBudget(row, limitAt(row, byBudget.get(row.id) ?? [], at.getTime()), period)];
  });
}

function toControlBudget(
  budget: Budget,
  limitNanoUsd: bigint,
  period: PeriodFields,
): ControlBudget {
  const { id, projectId, name, scope, each, mode, failMode, unknownPrice, clamp } = budget;
  return {
    id,
    projectId,
    name,
    scope: sortedScope(scope),
    ...(each !== null && { each }),
    limitNanoUsd: limitNanoUsd.toString(),
    mode,
    failMode,
    unknownPrice,
    clamp,
    ...period,
  };
}

/**
 * Thousands of budgets share a few rules, and a calendar takes as long for one as all the rest of a budget: a kill-switch
 * waits for it.
 */
function periodsAt(at: Date): (budget: Budget) => PeriodFields | undefined {
  const known = new Map<string, PeriodFields | undefined>();
  return ({ period: rule, createdAt }) => {
    // When the budget was made counts for totals alone.
    const key = JSON.stringify(rule.kind === "total" ? [rule, createdAt] : rule);
    if (known.has(key)) return known.get(key);
    const period = periodAt(rule, at.getTime(), createdAt.getTime());
    const fields = period && periodFields(rule, period);
    known.set(key, fields);
    return fields;
  };
}

type PeriodFields = Pick<
  ControlBudget,
  "periodStartsAt" | "resetsAt" | "laterResetsAt" | "windowMs"
>;

function periodFields(rule: Budget["period"], period: Period): PeriodFields {
  const periodStartsAt = isoTime(period.startMs);
  if (rule.kind === "total") return { periodStartsAt };
  const resetsAt = isoTime(period.endMs);
  // Equal slices and hours follow each other by themselves.
  if (rule.kind === "rolling") return { periodStartsAt, resetsAt, windowMs: rule.windowMs };
  if (rule.kind === "hour") return { periodStartsAt, resetsAt };
  const laterResetsAt: string[] = [];
  for (let last = periodAfter(rule, period); last !== undefined; last = periodAfter(rule, last)) {
    laterResetsAt.push(isoTime(last.endMs));
    if (laterResetsAt.length === LATER_PERIODS) break;
  }
  return { periodStartsAt, resetsAt, laterResetsAt };
}

const isoTime = (unixMs: number): string => new Date(unixMs).toISOString();
