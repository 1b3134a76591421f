import type { FailMode } from "@lensai/otel-config/control/budgets";
import type { LeaseAnswer, LeaseSource, LedgerKey } from "./lease-source.ts";

/** A source that failed without saying when to ask again is asked again after this. */
const RETRY_AFTER_MS = 1_000;

/** What the account has of its budget as one line of figures; nano-USD. */
export interface AccountState {
  /** To be admitted with. Negative when calls cost more than was reserved for them. */
  readonly availableNano: number;
  /** For calls that are running. */
  readonly reservedNano: number;
  readonly spentNano: number;
}

export interface AccountTerms {
  readonly limitNanoUsd: bigint;
  readonly failMode: FailMode;
}

/**
 * What this process may spend of one budget in one period: a lease, from which calls are admitted by
 * subtraction. Invariant: what the lease brought is available, reserved or spent, and nothing else.
 */
export class BudgetAccount {
  readonly key: LedgerKey;
  terms: AccountTerms;
  readonly #source: LeaseSource;
  leaseId = "";
  #epoch = -1;
  #expiresAtMs = Infinity;
  #availableNano = 0;
  #reservedNano = 0;
  #spentNano = 0;
  #isAsking = false;
  #isReachable = true;
  #retryAtMs = -Infinity;

  constructor(key: LedgerKey, terms: AccountTerms, source: LeaseSource) {
    this.key = key;
    this.terms = terms;
    this.#source = source;
  }

  get state(): AccountState {
    return {
      availableNano: this.#availableNano,
      reservedNano: this.#reservedNano,
      spentNano: this.#spentNano,
    };
  }

  get availableNano(): number {
    return this.#availableNano;
  }

  /** Is there room for a call of this size? Asks for more where there is not. */
  hasRoom(amountNano: number, nowMs: number): boolean {
    if (nowMs >= this.#expiresAtMs) this.#dropLease();
    if (amountNano > this.#availableNano || !this.#isReachable) this.#ask(amountNano, nowMs);
    if (this.#isReachable || this.terms.failMode === "spend_lease_then_closed")
      return amountNano <= this.#availableNano;
    return this.terms.failMode === "open";
  }

  /** Whether there was room is the caller's to decide: budgets that only watch are overdrawn. */
  reserve(amountNano: number): void {
    this.#availableNano -= amountNano;
    this.#reservedNano += amountNano;
  }

  /** A call has ended, or a part of its reservation is not needed. `leaseId` is what it was admitted with. */
  settle(reservedNano: number, spentNano: number, leaseId: string): void {
    this.#reservedNano -= reservedNano;
    this.#spentNano += spentNano;
    const unusedNano = reservedNano - spentNano;
    if (leaseId === this.leaseId) this.#availableNano += unusedNano;
    else if (unusedNano !== 0) this.#giveBack(leaseId, unusedNano);
  }

  /** The limit or the fail mode has changed: what is not used goes back, and comes again as the new terms have it. */
  changeTerms(terms: AccountTerms): void {
    const isSameLimit = terms.limitNanoUsd === this.terms.limitNanoUsd;
    this.terms = terms;
    if (isSameLimit) return;
    this.#dropLease();
    this.#retryAtMs = -Infinity;
  }

  close(): void {
    this.#dropLease();
    try {
      this.#source.close(this.key);
    } catch {
      // What the source cannot close runs out by itself.
    }
  }

  #ask(wantNano: number, nowMs: number): void {
    if (this.#isAsking || nowMs < this.#retryAtMs) return;
    this.#isAsking = true;
    const { key, terms } = this;
    try {
      this.#source.request({ key, limitNanoUsd: terms.limitNanoUsd, wantNano, nowMs }, (answer) =>
        this.#receive(answer),
      );
    } catch {
      this.#receive({ kind: "unreachable", retryAtMs: nowMs + RETRY_AFTER_MS });
    }
  }

  #receive(answer: LeaseAnswer): void {
    this.#isAsking = false;
    this.#isReachable = answer.kind !== "unreachable";
    if (answer.kind !== "granted") {
      this.#retryAtMs = answer.retryAtMs;
      return;
    }
    const { id, amountNano, expiresAtMs, epoch } = answer.lease;
    if (epoch < this.#epoch) return;
    if (id !== this.leaseId) this.#dropLease();
    this.leaseId = id;
    this.#epoch = epoch;
    this.#expiresAtMs = expiresAtMs;
    this.#availableNano += amountNano;
  }

  /** An overdraft goes back as well: the ledger must know of it. */
  #dropLease(): void {
    const unusedNano = this.#availableNano;
    this.#availableNano = 0;
    this.#expiresAtMs = Infinity;
    const leaseId = this.leaseId;
    this.leaseId = "";
    if (unusedNano !== 0) this.#giveBack(leaseId, unusedNano);
  }

  #giveBack(leaseId: string, unusedNano: number): void {
    try {
      this.#source.giveBack(this.key, leaseId, unusedNano);
      // There is something again to ask for.
      if (this.#isReachable) this.#retryAtMs = -Infinity;
    } catch {
      // An amount that cannot be given back counts as spent: less is admitted, never more.
    }
  }
}
