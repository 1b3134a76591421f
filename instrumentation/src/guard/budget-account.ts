import type { CallEstimate } from "./hold.ts";
import type {
  AccountTerms,
  LeaseAnswer,
  LeaseFigures,
  LeaseHolder,
  LeaseSource,
  LedgerKey,
} from "./lease-source.ts";

/** A source that failed without saying when to ask again is asked again after this. */
const RETRY_AFTER_MS = 1_000;
/** A call that can wait does so for another question that makes sense so soon. */
const RETRY_SOON_MS = 1_000;
/** A ledger that is there takes no longer to answer. */
const ANSWER_MAX_MS = 500;
/** What is restarted is back within so long. Of a ledger that is silent for longer nothing is waited for. */
const SILENT_MAX_MS = 10_000;

/**
 * What this process may spend of one budget in one period: a lease, from which calls are admitted by
 * subtraction. Invariant: what the lease brought is available, reserved or spent, and nothing else. Available
 * is negative when calls cost more than was reserved for them.
 */
export class BudgetAccount implements LeaseHolder {
  readonly key: LedgerKey;
  terms: AccountTerms;
  readonly #source: LeaseSource;
  #leaseId = "";
  #expiresAtMs = -Infinity;
  #lowWaterNano = 0;
  #tellAtNano = Infinity;
  #grantedNano = 0;
  #availableNano = 0;
  #reservedNano = 0;
  #incurredNano = 0;
  #growingNano = 0;
  #spentNano = 0;
  #uncertainNano = 0;
  #isAsking = false;
  #freeNano = 0;
  #lentNano = 0;
  /** Undefined while the ledger answers. */
  #silentSinceMs: number | undefined;
  #retryAtMs = -Infinity;
  #askedNano = 0;
  #askedAtMs = -Infinity;
  /** Of calls that found no room while a question was open. */
  #waitingNano = 0;
  /** So much was not to be had; less may be. */
  #refusedNano = Infinity;
  #onAnswer: (() => void)[] = [];
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(key: LedgerKey, terms: AccountTerms, source: LeaseSource) {
    this.key = key;
    this.terms = terms;
    this.#source = source;
  }

  /** "" while there is no lease. */
  get leaseId(): string {
    return this.#leaseId;
  }

  get figures(): LeaseFigures {
    return {
      grantedNano: this.#grantedNano,
      spentNano: this.#spentNano,
      reservedNano: this.#reservedNano,
      growingNano: this.#growingNano,
      incurredNano: this.#incurredNano,
      uncertainNano: this.#uncertainNano,
    };
  }

  get availableNano(): number {
    return this.#availableNano;
  }

  /**
   * What a call may take that is to be made. While the ledger is silent, as much as the streams hold that run is kept
   * for them: they may need it, and would be cut off for a call that can wait.
   */
  get roomNano(): number {
    return this.isReachable ? this.#availableNano : this.#availableNano - this.#growingNano;
  }

  /** Does the ledger answer? */
  get isReachable(): boolean {
    return this.#silentSinceMs === undefined;
  }

  /** Of the budget, as far as the ledger has told: neither spent nor held by anybody else. */
  get leftNano(): number {
    return Math.max(0, this.#availableNano + this.#freeNano);
  }

  /** Held by calls that run, and lent to other processes: what of it is not spent comes back. */
  get heldNano(): number {
    return this.#reservedNano + this.#lentNano;
  }

  /** Would be left if all of that came back. */
  get unspentNano(): number {
    return this.#availableNano + this.#freeNano + this.heldNano;
  }

  /** Is there room for a call of this size? Asks for more where there is not, or will soon not be. */
  hasRoom(amountNano: number, nowMs: number, call?: Pick<CallEstimate, "leastNano">): boolean {
    if (!this.hasMore(amountNano, nowMs, call)) return false;
    return this.terms.failMode === "open" || amountNano <= this.roomNano;
  }

  /** The same of a stream that runs and needs so much more. */
  hasMore(amountNano: number, nowMs: number, call?: Pick<CallEstimate, "leastNano">): boolean {
    const isCurrent = nowMs < this.#expiresAtMs;
    const leftNano = this.#availableNano - amountNano;
    if (leftNano < this.#lowWaterNano || !isCurrent || !this.isReachable)
      this.#ask(amountNano, nowMs, call);
    if (this.isReachable || this.terms.failMode === "spend_lease_then_closed")
      return amountNano <= this.#availableNano && nowMs < this.#expiresAtMs;
    return this.terms.failMode === "open";
  }

  /** Is a question to the ledger open? */
  get isAsking(): boolean {
    return this.#isAsking;
  }

  /** Was the ledger asked just now, and answers? */
  isAnsweredSoon(nowMs: number): boolean {
    return this.#isAsking && this.isReachable && nowMs - this.#askedAtMs < ANSWER_MAX_MS;
  }

  /** Is a question to the ledger open, or will one be soon that is not in vain for sure? */
  mayGetMore(nowMs: number): boolean {
    return this.#isAsking || this.#isRetriedSoon(nowMs);
  }

  /** Has the ledger been asked for the first time, and not answered yet? */
  get isUnanswered(): boolean {
    return this.#isAsking && this.isReachable && this.#leaseId === "";
  }

  /**
   * Resolves with the answer to the question that is open, or when it makes sense to ask again; undefined when
   * nothing more is to be had soon.
   */
  nextAnswer(nowMs: number): Promise<void> | undefined {
    if (!this.mayGetMore(nowMs)) return undefined;
    if (!this.#isAsking && this.#retry === undefined) {
      this.#retry = setTimeout(() => this.#wake(), this.#retryAtMs - nowMs);
      this.#retry.unref?.();
    }
    return new Promise((resolve) => {
      this.#onAnswer.push(resolve);
    });
  }

  #isRetriedSoon(nowMs: number): boolean {
    const inMs = this.#retryAtMs - nowMs;
    if (inMs <= 0) return false;
    if (this.#silentSinceMs === undefined) return inMs <= RETRY_SOON_MS;
    const isWaitedFor = this.terms.failMode === "spend_lease_then_closed";
    return isWaitedFor && nowMs - this.#silentSinceMs < SILENT_MAX_MS;
  }

  /** Calls that wait look again. */
  #wake(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const waiting = this.#onAnswer;
    if (waiting.length === 0) return;
    this.#onAnswer = [];
    for (const resolve of waiting) resolve();
  }

  /**
   * Whether there was room is the caller's to decide: budgets that only watch are overdrawn. `incurredNano` is the
   * part that is gone if the process dies now.
   */
  reserve(amountNano: number, incurredNano: number): void {
    this.#availableNano -= amountNano;
    this.#reservedNano += amountNano;
    this.incur(incurredNano);
  }

  /** So much more, or less, of what is reserved is held by streams, which may need more. */
  grow(byNano: number): void {
    this.#growingNano += byNano;
  }

  /** So much more of what calls hold is gone if the process dies now. */
  incur(moreNano: number): void {
    this.#incurredNano += moreNano;
    this.#source.moved?.();
    if (this.#spentNano + this.#incurredNano >= this.#tellAtNano) this.#tell();
  }

  /** A call has ended, and with it its reservation; it may have cost `uncertainNano` more than it is charged. */
  // Four numbers, since settling a call allocates nothing.
  // oxlint-disable-next-line max-params
  settle(reservedNano: number, incurredNano: number, spentNano: number, uncertainNano = 0): void {
    this.#reservedNano -= reservedNano;
    this.#incurredNano -= incurredNano;
    this.#spentNano += spentNano;
    this.#uncertainNano += uncertainNano;
    this.#availableNano += reservedNano - spentNano;
    this.#source.moved?.();
    if (this.#spentNano + this.#incurredNano >= this.#tellAtNano) this.#tell();
  }

  changeTerms(terms: AccountTerms): void {
    const isSameLimit = terms.limitNanoUsd === this.terms.limitNanoUsd;
    this.terms = terms;
    if (isSameLimit) return;
    this.#retryAtMs = -Infinity;
    this.#tell();
  }

  close(): void {
    try {
      this.#source.close(this);
    } catch {
      // What the source cannot close runs out by itself.
    }
  }

  receive(answer: LeaseAnswer): void {
    this.#isAsking = false;
    this.#retryAtMs = answer.retryAtMs;
    this.#refusedNano = this.#askedNano;
    this.#silentSinceMs = answer.kind === "unreachable" ? answer.sinceMs : undefined;
    if (answer.kind === "lease") {
      const { id, grantedNano, expiresAtMs, lowWaterNano, tellAtNano } = answer.lease;
      this.#freeNano = answer.lease.freeNano;
      this.#lentNano = answer.lease.lentNano;
      this.#leaseId = id;
      this.#grantedNano = grantedNano;
      this.#availableNano = grantedNano - this.#spentNano - this.#reservedNano;
      this.#expiresAtMs = expiresAtMs;
      this.#lowWaterNano = lowWaterNano;
      this.#tellAtNano = tellAtNano;
      // Meanwhile calls have gone on.
      this.incur(0);
    }
    this.#wake();
  }

  release(): void {
    this.lapse();
    this.#leaseId = "";
    this.#grantedNano = 0;
    this.#availableNano = 0;
    this.#freeNano = 0;
    this.#lentNano = 0;
    this.#spentNano = 0;
    this.#uncertainNano = 0;
  }

  lapse(): void {
    this.#expiresAtMs = -Infinity;
  }

  /** Once; the answer says when next. */
  #tell(): void {
    this.#tellAtNano = Infinity;
    try {
      this.#source.changed(this);
    } catch {
      // The lease stays what it was, and the next message has all of it.
    }
  }

  #ask(needNano: number, nowMs: number, call?: Pick<CallEstimate, "leastNano">): void {
    if (this.#isAsking) {
      if (needNano > this.#availableNano) this.#waitingNano += needNano;
      return;
    }
    if (nowMs < this.#retryAtMs && needNano >= this.#refusedNano) return;
    this.#isAsking = true;
    this.#askedNano = needNano;
    this.#askedAtMs = nowMs;
    const waitingNano = this.#waitingNano;
    this.#waitingNano = 0;
    try {
      const leastNano = Math.min(needNano, call?.leastNano ?? needNano);
      this.#source.ask(this, { needNano, leastNano, waitingNano });
    } catch {
      // Not soon: no call is to wait for what only we can mend.
      this.receive({
        kind: "unreachable",
        sinceMs: -Infinity,
        retryAtMs: nowMs + RETRY_AFTER_MS,
      });
    }
  }
}
