import type { FailMode } from "@lensai/otel-config/control/budgets";

/**
 * Where a process gets the right to spend. Amounts here are nano-USD in a double: a lease is far below the nine
 * million dollars up to which that is exact, and admitting a call must not allocate.
 */

/** One budget, or one value of a budget that is kept for each value apart, during one period. */
export interface LedgerKey {
  readonly budgetId: string;
  /** Of the attribute that the budget is for each value of; undefined when it is for all together. */
  readonly value: string | undefined;
  /** Milliseconds since the epoch. */
  readonly periodStartMs: number;
}

export interface AccountTerms {
  readonly limitNanoUsd: bigint;
  readonly failMode: FailMode;
  /** It stops calls: the ledger is to know closely what is spent of it. */
  readonly isEnforced: boolean;
  /** What nobody counts is taken for the most that it can be: it is never to be overspent. */
  readonly takesWorst: boolean;
  /** Of a rolling window: what its slices of so long before spent counts as well. */
  readonly windowMs?: number;
}

/** The part of a budget that a process may spend without asking, as the ledger has it now. */
export interface Lease {
  /** The spans of calls that are made with it say so. */
  readonly id: string;
  /** In all, since the lease began. */
  readonly grantedNano: number;
  /** From then on nothing more may be admitted with it; may be Infinity. By the guard's clock. */
  readonly expiresAtMs: number;
  /** With less than this available, more is asked for in time. */
  readonly lowWaterNano: number;
  /** The source is to be told, by `changed`, when so much is spent and incurred; may be Infinity. */
  readonly tellAtNano: number;
  /** Of the whole budget, beyond this lease. */
  readonly freeNano: number;
  /** Lent to other processes and not spent by them: it may come back. */
  readonly lentNano: number;
}

export type LeaseAnswer =
  /** There may be less in it than was asked for; asking again makes sense from `retryAtMs` on. */
  | { readonly kind: "lease"; readonly lease: Lease; readonly retryAtMs: number }
  /** Nobody knows, since `sinceMs`: the fail mode of the budget says what happens until `retryAtMs`. */
  | { readonly kind: "unreachable"; readonly sinceMs: number; readonly retryAtMs: number };

/** What has become of a lease since it began; nano-USD. */
export interface LeaseFigures {
  readonly grantedNano: number;
  /** By calls that have ended. */
  readonly spentNano: number;
  /** For calls that are running. */
  readonly reservedNano: number;
  /** The part of it for streams, which may need more as they go on. */
  readonly growingNano: number;
  /** The part of it that is gone if the process dies now. */
  readonly incurredNano: number;
  /** What calls that have ended may have cost beyond what is spent: nobody has counted them. */
  readonly uncertainNano: number;
}

/** Who holds a lease, as the source of leases sees it. */
export interface LeaseHolder {
  readonly key: LedgerKey;
  readonly terms: AccountTerms;
  readonly figures: LeaseFigures;
  receive(answer: LeaseAnswer): void;
  /** The lease is over, with all that is left of it. Only while no call runs with it. */
  release(): void;
  /** The lease cannot be used until it is renewed. */
  lapse(): void;
}

/** What is asked for; nano-USD. */
export interface AskedAmounts {
  /** For the call at hand. */
  readonly needNano: number;
  /** The same if it is made as small as it can be. */
  readonly leastNano: number;
  /** For other calls that wait and have not been asked for. */
  readonly waitingNano: number;
}

/**
 * Contract: an `ask` is answered once by `receive`, before it returns or later; a holder asks once at a time. When
 * it throws, the holder goes by the fail mode. `receive` may come unasked as well.
 */
export interface LeaseSource {
  /**
   * There is not enough for a call, or soon will not be.
   */
  ask(holder: LeaseHolder, asked: AskedAmounts): void;
  /** The limit is another one, or as much is spent and incurred as the lease says: the ledger is to hear of it now. */
  changed(holder: LeaseHolder): void;
  /** Something was spent, or incurred. Often: it must cost next to nothing. */
  moved?(): void;
  /** The period is over, or the budget has gone: nothing more is asked, though calls may still run. */
  close(holder: LeaseHolder): void;
}
