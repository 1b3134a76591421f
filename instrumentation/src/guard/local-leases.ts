import type { LeaseAnswer, LeaseQuestion, LeaseSource, LedgerKey } from "./lease-source.ts";

/** Doubles are exact up to here, about nine million dollars; the rest of a larger budget is the next lease. */
const LEASE_NANO_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * The ledger of a process that has its budgets for itself: all of what is left is one lease. Nothing is kept
 * beyond the process: one that starts again starts with the whole budget.
 */
export class LocalLeases implements LeaseSource {
  /** What is out, by key: spent, reserved, or in an account to be spent. */
  readonly #granted = new Map<string, bigint>();

  request({ key, limitNanoUsd }: LeaseQuestion, answer: (answer: LeaseAnswer) => void): void {
    const id = leaseIdOf(key);
    const granted = this.#granted.get(id) ?? 0n;
    const left = limitNanoUsd - granted;
    if (left <= 0n) {
      answer({ kind: "exhausted", retryAtMs: Infinity });
      return;
    }
    const amount = left < LEASE_NANO_MAX ? left : LEASE_NANO_MAX;
    this.#granted.set(id, granted + amount);
    answer({
      kind: "granted",
      lease: { id, amountNano: Number(amount), expiresAtMs: Infinity, epoch: 0 },
    });
  }

  giveBack(key: LedgerKey, _leaseId: string, unusedNano: number): void {
    const id = leaseIdOf(key);
    const granted = this.#granted.get(id);
    if (granted !== undefined) this.#granted.set(id, granted - BigInt(unusedNano));
  }

  close(key: LedgerKey): void {
    this.#granted.delete(leaseIdOf(key));
  }
}

function leaseIdOf({ budgetId, value = "", periodStartMs }: LedgerKey): string {
  return `local:${budgetId}:${periodStartMs}:${value}`;
}
