import { and, desc, eq, gte } from "drizzle-orm";
import type { AlertDetails } from "@lensai/otel-config/alerts/alert";
import { limitAt } from "#lib/budgets/limit-at.ts";
import { countedSpan } from "#lib/budgets/period.ts";
import type { Database } from "../db/client.ts";
import { alertEvents } from "../db/schema/alert-events.ts";
import { listBudgets, type ListedBudget } from "../services/budgets/list.ts";
import type { BudgetReading } from "./evaluate/budget-alerts.ts";
import type { ExhaustionQuestion } from "./evaluate/exhausted-budgets.ts";
import { readBudgets } from "./evaluate/read-budgets.ts";

/** An enforced budget that has no room for the next call, with each value that it refuses. */
export interface RefusingBudget {
  readonly budget: BudgetReading["budget"];
  /** One where it is for all together; the one that spent most first. */
  readonly readings: readonly BudgetReading[];
}

/** As many alerts of a project are looked at, the newest. */
const EVENTS_MAX = 1000;

/**
 * The enforced budgets of a project that refuse calls in the period that runs: all of the amount is spent, or a call was
 * refused because the rest was too little, and the amount was not raised since.
 */
export async function refusingBudgets(
  db: Database,
  { projectId, now }: { readonly projectId: string; readonly now: Date },
): Promise<RefusingBudget[]> {
  const budgets = (await listBudgets(db, { projectId, at: now })).filter(
    ({ mode }) => mode === "enforce",
  );
  if (budgets.length === 0) return [];
  const told = await toldAsSpent(db, { projectId, budgets, now });
  const exhausted = {
    has: ({ budget, value }: ExhaustionQuestion) => told.has(nameOf(budget.id, value)),
  };
  const readings = await readBudgets(db, { budgets, now, exhausted });
  const refusing = readings.filter(
    ({ isExhausted, spentNanoUsd, limitNanoUsd }) => isExhausted || spentNanoUsd >= limitNanoUsd,
  );
  const byBudget = Map.groupBy(refusing, ({ budget }) => budget);
  return Array.from(byBudget, ([budget, group]) => ({
    budget,
    readings: group.toSorted((one, other) => Number(other.spentNanoUsd - one.spentNanoUsd)),
  }));
}

const nameOf = (budgetId: string, value: string): string => `${budgetId} ${value}`;

/** Budgets and values that were told to be spent in the running period, at the amount that holds or a higher one. */
async function toldAsSpent(
  db: Database,
  question: {
    readonly projectId: string;
    readonly budgets: readonly ListedBudget[];
    readonly now: Date;
  },
): Promise<ReadonlySet<string>> {
  const nowMs = question.now.getTime();
  const running = new Map(
    question.budgets.flatMap((budget) => {
      const span = countedSpan(budget.period, nowMs, budget.createdAt.getTime());
      const limitNanoUsd = limitAt(budget, budget.overrides, nowMs);
      return span === undefined ? [] : [[budget.id, { startMs: span.startMs, limitNanoUsd }]];
    }),
  );
  const earliestMs = Math.min(nowMs, ...Array.from(running.values(), ({ startMs }) => startMs));
  const { kind, details, occurredAt, projectId } = alertEvents;
  const events = await db
    .select({ details, occurredAt })
    .from(alertEvents)
    .where(
      and(
        eq(projectId, question.projectId),
        eq(kind, "budget.exceeded"),
        gte(occurredAt, new Date(Math.max(0, earliestMs))),
      ),
    )
    .orderBy(desc(occurredAt))
    .limit(EVENTS_MAX);
  const told = events.filter((event) => {
    const { budgetId, limitNanoUsd, isOver } = event.details as AlertDetails["budget.exceeded"];
    const found = running.get(budgetId);
    return (
      found !== undefined &&
      isOver !== true &&
      event.occurredAt.getTime() >= found.startMs &&
      BigInt(limitNanoUsd) >= found.limitNanoUsd
    );
  });
  return new Set(
    told.map((event) => {
      const { budgetId, each } = event.details as AlertDetails["budget.exceeded"];
      return nameOf(budgetId, each?.value ?? "");
    }),
  );
}
