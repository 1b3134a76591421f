import type { LeaseBatch, LeaseBatchAnswer } from "@lensai/otel-config/control/leases";
import { limitAt } from "#lib/budgets/limit-at.ts";
import type { Period } from "#lib/budgets/period.ts";
import type { ListedBudget } from "../../services/budgets/list.ts";
import { LOOKED_BACK_MS } from "../../services/alerts/pace.ts";

/** A budget under which a call has just been refused, and by whose amount. */
export interface ExhaustedBudget {
  readonly projectId: string;
  readonly budgetId: string;
  /** "" when it is for all together. */
  readonly value: string;
}

export interface ExhaustionQuestion {
  readonly budget: ListedBudget;
  /** "" when it is for all together. */
  readonly value: string;
  readonly span: Period;
  /** That holds in it now. */
  readonly limitNanoUsd: bigint;
}

/** Budgets under which calls were refused a moment ago. */
export interface ExhaustedBudgets {
  /** Was a call refused in the period, by terms that still hold? */
  has(question: ExhaustionQuestion): boolean;
}

/** What a refusal is remembered for: until it is told, also when that is held back. */
const REMEMBERED_MS = LOOKED_BACK_MS;
const REMEMBERED_MAX = 10_000;

/**
 * An enforced budget is never spent to the last cent: what is left is too little for the next call. So it is not the
 * spend that tells that calls are refused, but that one was. The clock is the one that periods go by.
 */
export function createExhaustedBudgets(
  nowMs: () => number,
): ExhaustedBudgets & { add(budget: ExhaustedBudget): void } {
  const refusedAtMs = new Map<string, number>();
  return {
    add: ({ budgetId, value }) => {
      if (refusedAtMs.size >= REMEMBERED_MAX) refusedAtMs.clear();
      refusedAtMs.set(nameOf(budgetId, value), nowMs());
    },
    has: ({ budget, value, span, limitNanoUsd }) => {
      const atMs = refusedAtMs.get(nameOf(budget.id, value));
      if (atMs === undefined || nowMs() - atMs >= REMEMBERED_MS) return false;
      const isWithin = span.startMs <= atMs && atMs < span.endMs;
      const wasRaised =
        atMs < budget.updatedAt.getTime() || limitAt(budget, budget.overrides, atMs) < limitNanoUsd;
      return isWithin && !wasRaised;
    },
  };
}

const nameOf = (budgetId: string, value: string): string => `${budgetId} ${value}`;

/** Leases that were not granted what a waiting call needs. */
export function exhaustedIn(batch: LeaseBatch, { answers }: LeaseBatchAnswer): ExhaustedBudget[] {
  return batch.requests.flatMap(({ projectId, leases }, request) =>
    leases.flatMap(({ budgetId, value = "", needNanoUsd }, lease) => {
      const state = answers[request]?.leases[lease]?.state;
      return state === "exhausted" && needNanoUsd !== "0" ? [{ projectId, budgetId, value }] : [];
    }),
  );
}
