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

/** A part of a budget that this process may spend without asking. */
export interface Lease {
  readonly id: string;
  /** What it adds to what the process has of the same lease. */
  readonly amountNano: number;
  /** From then on nothing more may be admitted with it; may be Infinity. */
  readonly expiresAtMs: number;
  /** Grows when the ledger starts anew; a lease of an earlier epoch is void. */
  readonly epoch: number;
}

export type LeaseAnswer =
  | { readonly kind: "granted"; readonly lease: Lease }
  /** There is nothing left; asking again makes sense from `retryAtMs` on. */
  | { readonly kind: "exhausted"; readonly retryAtMs: number }
  /** Nobody knows: the fail mode of the budget says what happens until `retryAtMs`. */
  | { readonly kind: "unreachable"; readonly retryAtMs: number };

export interface LeaseQuestion {
  readonly key: LedgerKey;
  readonly limitNanoUsd: bigint;
  /** What the call at hand needs; the ledger may grant less or more. */
  readonly wantNano: number;
  readonly nowMs: number;
}

/**
 * Contract: `request` answers every question once, before it returns or later, and has one open question per key
 * at most, because accounts do not ask a second time. When it throws, the account goes by the fail mode.
 */
export interface LeaseSource {
  request(question: LeaseQuestion, answer: (answer: LeaseAnswer) => void): void;
  /** What of a lease was not needed. Negative: a call cost more than was reserved, after its lease had gone. */
  giveBack(key: LedgerKey, leaseId: string, unusedNano: number): void;
  /** The period is over, or the budget has gone: nothing more is asked about it. */
  close(key: LedgerKey): void;
}
