import type { LeaseHolder, LeaseSource, LedgerKey } from "./lease-source.ts";

/**
 * The ledger of a process that has its budgets for itself: all of what is left is one lease. Nothing is kept beyond
 * the process: one that starts again starts with the whole budget.
 */
export class LocalLeases implements LeaseSource {
  /** Slices of rolling windows that are over, by budget and value; those that were closed last come last. */
  readonly #closed = new Map<string, LeaseHolder[]>();

  ask(holder: LeaseHolder): void {
    this.#grant(holder);
  }

  changed(holder: LeaseHolder): void {
    this.#grant(holder);
  }

  close(holder: LeaseHolder): void {
    if (holder.terms.windowMs === undefined || usedNano(holder) === 0) return;
    const id = windowIdOf(holder.key);
    const slices = [...(this.#closed.get(id) ?? []), holder].filter((each) =>
      isWithin(each, holder),
    );
    this.#closed.delete(id);
    this.#closed.set(id, slices);
    for (const [oldest, ofOldest] of this.#closed) {
      if (ofOldest.some((each) => isWithin(each, holder))) break;
      this.#closed.delete(oldest);
    }
  }

  #grant(holder: LeaseHolder): void {
    const { key, terms } = holder;
    const before = (this.#closed.get(windowIdOf(key)) ?? []).filter((each) =>
      isWithin(each, holder),
    );
    const usedBeforeNano = before.reduce((sum, each) => sum + usedNano(each), 0);
    holder.receive({
      kind: "lease",
      lease: {
        id: `local:${key.budgetId}:${key.periodStartMs}:${key.value ?? ""}`,
        grantedNano: Math.max(0, Number(terms.limitNanoUsd) - usedBeforeNano),
        expiresAtMs: Infinity,
        lowWaterNano: -Infinity,
        tellAtNano: Infinity,
        freeNano: 0,
        lentNano: 0,
      },
      retryAtMs: Infinity,
    });
  }
}

/** What calls of a slice have cost, and may cost that still run. */
function usedNano({ figures }: LeaseHolder): number {
  return figures.spentNano + figures.reservedNano;
}

/** Does an earlier slice count against the limit of the current one? */
function isWithin({ key }: LeaseHolder, current: LeaseHolder): boolean {
  return key.periodStartMs >= current.key.periodStartMs - (current.terms.windowMs ?? 0);
}

function windowIdOf({ budgetId, value = "" }: LedgerKey): string {
  return `${budgetId}:${value}`;
}
