import type { LeaseBatch, LeaseBatchAnswer } from "@lensai/otel-config/control/leases";

/** A budget under which a call has just been refused, and by whose amount. */
export interface ExhaustedBudget {
  readonly projectId: string;
  readonly budgetId: string;
  /** "" when it is for all together. */
  readonly value: string;
}

/** Budgets under which calls were refused a moment ago. */
export interface ExhaustedBudgets {
  has(budgetId: string, value: string): boolean;
}

/** What a refusal is remembered for: until the next look, also when that has to wait. */
const REMEMBERED_MS = 120_000;
const REMEMBERED_MAX = 10_000;

/**
 * An enforced budget is never spent to the last cent: what is left is too little for the next call. So it is not the
 * spend that tells that calls are refused, but that one was.
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
    has: (budgetId, value) => {
      const atMs = refusedAtMs.get(nameOf(budgetId, value));
      return atMs !== undefined && nowMs() - atMs < REMEMBERED_MS;
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
