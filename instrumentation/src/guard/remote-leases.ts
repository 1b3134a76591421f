import type { LeaseGrant, LeaseReport, LeaseRequest } from "@lensai/otel-config/control/leases";
import { LEASES_PER_REQUEST_MAX } from "@lensai/otel-config/control/leases";
import type { LeaseAnswer as LedgerAnswer } from "@lensai/otel-config/control/leases";
import {
  FIRST_WANT_NANO,
  RENEWAL_INTERVAL_MS,
  finalReportOf,
  goneNanoOf,
  lastReportOf,
  openLease,
  reportOf,
  tellStepNanoOf,
  usedNanoOf,
} from "./held-lease.ts";
import type { HeldLease } from "./held-lease.ts";
import { LeaseJournal, LeftJournals } from "./lease-journal.ts";
import type { JournalPlace } from "./lease-journal.ts";
import type { AskedAmounts, LeaseHolder, LeaseSource } from "./lease-source.ts";

/** An account for one value of many that no call was made under for so many renewals gives its lease back. */
const IDLE_RENEWALS_MAX = 2;
/** What is spent in the time of so many renewals is wanted ahead: a ledger that is gone for a while stops nobody. */
const RENEWALS_AHEAD = 4;
/** Leases that are used up faster than this are asked for twice as large, slower ones half as large. */
const REFILL_INTERVAL_MS = 1_000;
/** After a failure, doubling with every further one; no later than leases are renewed anyway. */
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = RENEWAL_INTERVAL_MS;
/** Last words that wait for a ledger that is gone; the leases of those that are lost run out by themselves. */
const FINALS_MAX = 10_000;

export interface RemoteLeasesOptions {
  /** Of this start of this process; random. */
  readonly instanceId: string;
  /** Asks the ledger. Rejects when there is no usable answer in time. */
  readonly exchange: (request: LeaseRequest) => Promise<LedgerAnswer>;
  /** The guard's clock: milliseconds since the epoch, never set back. */
  readonly nowMs: () => number;
  /** Told what the ledger's clock showed at some time during the `tookMs` before now. */
  readonly onLedgerTime?: (ledgerMs: number, tookMs: number) => void;
  readonly renewalIntervalMs?: number;
  /** Undefined: nothing is written. */
  readonly journal?: JournalPlace | undefined;
}

/**
 * Leases from the ledger of the project. One request at a time for all budgets of the process; what comes up
 * meanwhile goes with the next. Every request says all about its leases, so that none has to arrive.
 */
export class RemoteLeases implements LeaseSource {
  readonly #options: RemoteLeasesOptions;
  readonly #held = new Map<LeaseHolder, HeldLease>();
  readonly #due = new Set<HeldLease>();
  /** The last words of leases that are over, until they are told. */
  readonly #finals: LeaseReport[] = [];
  #leases = 0;
  #sequence = 0;
  #failures = 0;
  /** When the first of them was asked, by the guard's clock. */
  #silentSinceMs = 0;
  #exchanging: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #journal: LeaseJournal | undefined;
  readonly #left: LeftJournals | undefined;
  #isTellingForDead = false;

  constructor(options: RemoteLeasesOptions) {
    this.#options = options;
    const { journal, instanceId } = options;
    if (journal === undefined) return;
    this.#journal = new LeaseJournal(journal, instanceId, () => this.#lastWord());
    this.#left = new LeftJournals(journal);
  }

  ask(holder: LeaseHolder, { needNano, leastNano, waitingNano }: AskedAmounts): void {
    const held = this.#heldBy(holder);
    held.needNano = Math.max(held.needNano, needNano);
    held.leastNano = Math.min(held.leastNano, leastNano);
    const isFast = performance.now() - held.grantedAtMs < REFILL_INTERVAL_MS;
    const wantNano = Math.max(2 * needNano + waitingNano, holder.figures.growingNano);
    const aheadNano = Math.max(isFast ? held.wantNano * 2 : held.wantNano, wantNano);
    held.wantNano = this.#limited(aheadNano, holder);
    held.idleRenewals = 0;
    this.#send(held);
  }

  changed(holder: LeaseHolder): void {
    const held = this.#held.get(holder);
    if (held !== undefined) this.#send(held);
  }

  moved(): void {
    this.#journal?.wake();
  }

  close(holder: LeaseHolder): void {
    const held = this.#held.get(holder);
    if (held === undefined) return;
    held.isClosing = true;
    this.#send(held);
  }

  /** Resolves when what was asked for so far was answered, or cannot be. */
  async answered(): Promise<void> {
    await this.#exchanging;
  }

  /** Tells the ledger what was spent, and gives the rest back; resolves when it was told, or could not be. */
  async giveBack(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#exchanging;
    for (const held of this.#held.values()) {
      held.isClosing = true;
      this.#due.add(held);
    }
    do await this.#exchange();
    while (this.#isWaiting && this.#failures === 0);
    this.#journal?.write();
  }

  get #isWaiting(): boolean {
    return this.#due.size + this.#finals.length > 0;
  }

  #heldBy(holder: LeaseHolder): HeldLease {
    const known = this.#held.get(holder);
    if (known !== undefined) return known;
    this.#leases += 1;
    const id = `${this.#options.instanceId}.${this.#leases.toString(36)}`;
    const held = openLease(id, holder);
    this.#held.set(holder, held);
    this.#renewRegularly();
    return held;
  }

  #renewRegularly(): void {
    if (this.#timer !== undefined) return;
    const intervalMs = this.#options.renewalIntervalMs ?? RENEWAL_INTERVAL_MS;
    this.#timer = setInterval(() => this.#renew(), intervalMs);
    this.#timer.unref?.();
  }

  #renew(): void {
    const nowMs = performance.now();
    for (const held of this.#held.values()) {
      const { holder } = held;
      // A clock that was set back would let the lease live on.
      if (nowMs >= held.expiresAtMs) holder.lapse();
      const usedNano = usedNanoOf(holder);
      held.idleRenewals = usedNano === held.usedNano ? held.idleRenewals + 1 : 0;
      held.usedNano = usedNano;
      const goneNano = goneNanoOf(holder);
      const aheadNano = RENEWALS_AHEAD * Math.max(0, goneNano - held.goneNano);
      held.goneNano = goneNano;
      held.wantNano = this.#limited(
        Math.max(FIRST_WANT_NANO, held.wantNano / 2, aheadNano, holder.figures.growingNano),
        holder,
      );
      const isIdle = holder.key.value !== undefined && held.idleRenewals >= IDLE_RENEWALS_MAX;
      if (isIdle && holder.figures.reservedNano === 0) held.isClosing = true;
      this.#due.add(held);
    }
    if (this.#held.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else this.#schedule();
    this.#journal?.write();
    if (!this.#isTellingForDead) void this.#tellForDead();
  }

  /** What the ledger is to be told when nothing is heard of this process any more. */
  #lastWord(): LeaseRequest {
    const held = [...this.#held.values()].filter(
      ({ holder }) => holder.terms.isEnforced && goneNanoOf(holder) > 0,
    );
    const leases = [...this.#finals, ...held.map((each) => lastReportOf(each))];
    return {
      instanceId: this.#options.instanceId,
      sequence: this.#sequence + 1,
      leases: leases.slice(0, LEASES_PER_REQUEST_MAX),
    };
  }

  /** Says the last words of processes of this machine that could not say them. */
  async #tellForDead(): Promise<void> {
    const { instanceId, exchange } = this.#options;
    this.#isTellingForDead = true;
    const lastWords = (await this.#left?.find(instanceId, performance.now())) ?? [];
    for (const lastWord of lastWords) {
      try {
        await exchange(lastWord);
        await this.#left?.remove(lastWord);
      } catch {
        // Once more with the next renewal.
      }
    }
    this.#isTellingForDead = false;
  }

  #send(held: HeldLease): void {
    this.#due.add(held);
    this.#schedule();
  }

  /** After the turn in which it is asked for: calls that are made together ask together. */
  #schedule(): void {
    if (this.#exchanging !== undefined) return;
    this.#exchanging = Promise.resolve()
      .then(() => this.#exchange())
      .finally(() => {
        this.#exchanging = undefined;
        if (this.#isWaiting && this.#failures === 0) this.#schedule();
      });
  }

  /** Never rejects. */
  async #exchange(): Promise<void> {
    const { instanceId, exchange, onLedgerTime } = this.#options;
    const asked = this.#takeDue();
    const finals = this.#finals.splice(0, LEASES_PER_REQUEST_MAX - asked.length);
    if (asked.length + finals.length === 0) return;
    this.#sequence += 1;
    const leases = [...asked.map((held) => reportOf(held)), ...finals];
    for (const held of asked) {
      held.needNano = 0;
      held.leastNano = Infinity;
      held.toldNano = goneNanoOf(held.holder);
      held.toldAtMs = performance.now();
    }
    // By the clock of timers, which nobody sets.
    const sentMs = performance.now();
    const askedMs = this.#options.nowMs();
    try {
      const answer = await exchange({ instanceId, sequence: this.#sequence, leases });
      const grants = new Map(answer.leases.map((grant) => [grant.leaseId, grant]));
      this.#failures = 0;
      onLedgerTime?.(answer.nowUnixMs, performance.now() - sentMs);
      for (const held of asked) {
        const grant = grants.get(held.leaseId);
        if (grant === undefined) this.#unreachable(held, askedMs);
        else this.#granted(held, grant, sentMs);
      }
    } catch {
      if (this.#failures === 0) this.#silentSinceMs = askedMs;
      this.#failures += 1;
      if (this.#finals.length < FINALS_MAX) this.#finals.push(...finals);
      for (const held of asked) this.#unreachable(held, this.#silentSinceMs);
    }
  }

  /** Leases that are over have nobody to answer any longer: their holders may begin others at once. */
  #takeDue(): HeldLease[] {
    const asked: HeldLease[] = [];
    for (const held of this.#due) {
      if (asked.length + this.#finals.length >= LEASES_PER_REQUEST_MAX) break;
      this.#due.delete(held);
      const { holder } = held;
      if (held.isClosing && holder.figures.reservedNano === 0) {
        this.#finals.push(finalReportOf(held));
        this.#held.delete(holder);
        holder.release();
      } else asked.push(held);
    }
    return asked;
  }

  #granted(held: HeldLease, grant: LeaseGrant, sentMs: number): void {
    const { holder, leaseId } = held;
    const usedNano = usedNanoOf(holder);
    const grantedNano = Number(grant.grantedNanoUsd);
    // What is too much is not used from now on, and the next request says that it was given back.
    const keptNano = Math.min(grantedNano, usedNano + Number(grant.keepNanoUsd));
    held.grantedAtMs = performance.now();
    held.expiresAtMs = sentMs + grant.ttlMs;
    const nowMs = this.#options.nowMs();
    const isRefused = grant.state === "refused";
    holder.receive({
      kind: "lease",
      lease: {
        id: leaseId,
        grantedNano: keptNano,
        expiresAtMs: isRefused ? -Infinity : nowMs + (held.expiresAtMs - held.grantedAtMs),
        lowWaterNano: Math.max(0, keptNano - usedNano) / 2,
        tellAtNano: held.toldNano + tellStepNanoOf(holder),
        freeNano: Number(grant.freeNanoUsd ?? 0),
        lentNano: Number(grant.lentNanoUsd ?? 0),
      },
      retryAtMs: nowMs + grant.retryAfterMs,
    });
    const returnedNano = grantedNano - keptNano;
    if (returnedNano > Math.max(0, keptNano - usedNano)) this.#due.add(held);
  }

  /** A lease that is asked for in vain would be asked for twice as large each time. */
  #limited(wantNano: number, { terms }: LeaseHolder): number {
    return Math.min(wantNano, Number(terms.limitNanoUsd));
  }

  #unreachable({ holder }: HeldLease, sinceMs: number): void {
    const backoffMs = Math.min(RETRY_MIN_MS * 2 ** (this.#failures - 1), RETRY_MAX_MS);
    const retryAtMs = this.#options.nowMs() + backoffMs;
    holder.receive({ kind: "unreachable", sinceMs, retryAtMs });
  }
}
