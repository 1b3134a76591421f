import type { LeaseHolder, LeaseSource, LedgerKey } from "./lease-source.ts";

/**
 * The ledger of a process that has its budgets for itself: the whole budget is one lease. Nothing is kept beyond
 * the process: one that starts again starts with the whole budget.
 */
export class LocalLeases implements LeaseSource {
  ask(holder: LeaseHolder): void {
    grantAll(holder);
  }

  changed(holder: LeaseHolder): void {
    grantAll(holder);
  }

  close(): void {}
}

function grantAll(holder: LeaseHolder): void {
  holder.receive({
    kind: "lease",
    lease: {
      id: leaseIdOf(holder.key),
      grantedNano: Number(holder.terms.limitNanoUsd),
      expiresAtMs: Infinity,
      lowWaterNano: -Infinity,
    },
    retryAtMs: Infinity,
  });
}

function leaseIdOf({ budgetId, value = "", periodStartMs }: LedgerKey): string {
  return `local:${budgetId}:${periodStartMs}:${value}`;
}
