import type { LeaseGrant, LeaseReport } from "@lensai/otel-config/control/leases";
import { decideGrant } from "./decide-grant.ts";
import {
  heldNanoUsd,
  isLive,
  larger,
  NEW_LEASE,
  returnableNanoUsd,
  withReport,
} from "./lease-state.ts";
import type { LeaseState, LeaseTimes } from "./lease-state.ts";
import { RETRY_HELD_MS, RETRY_SPENT_MS } from "./lease-times.ts";
import type { LedgerKey } from "./ledger-key.ts";
import type { LedgerSpan, LedgerTotals, StoredLease } from "./stored-ledgers.ts";

/** A report, and what it is about as far as the ledger knows. */
export interface LeaseQuestion {
  readonly report: LeaseReport;
  readonly key: LedgerKey;
  readonly instanceId: string;
  readonly sequence: number;
  /** Undefined when there is nothing to be granted from: no such budget, or not its period. */
  readonly open: OpenLedger | undefined;
}

export interface OpenLedger {
  readonly span: LedgerSpan;
  readonly limitNanoUsd: bigint;
  readonly canClamp: boolean;
}

export interface RoundInput {
  readonly totals: readonly LedgerTotals[];
  readonly leases: ReadonlyMap<string, StoredLease>;
  readonly nowMs: number;
  readonly times: LeaseTimes;
}

/** A lease that may be raised, before and after its report. */
interface Reported {
  readonly open: OpenLedger;
  readonly totals: LedgerTotals;
  readonly before: LeaseState;
  readonly reported: LeaseState;
}

/**
 * Answers reports one after the other, each with what the ones before it have left. Works on what was read of the
 * ledgers, and changes nothing but itself: `changed` is what is to be written.
 */
export class LeaseRound {
  readonly #input: RoundInput;
  readonly #totals: LedgerTotals[];
  readonly #changed = new Map<string, StoredLease>();

  constructor(input: RoundInput) {
    this.#input = input;
    this.#totals = [...input.totals];
  }

  get changed(): readonly StoredLease[] {
    return [...this.#changed.values()];
  }

  answer(question: LeaseQuestion): LeaseGrant {
    const { report, sequence, open } = question;
    const { leases, nowMs, times } = this.#input;
    const stored = this.#changed.get(report.leaseId) ?? leases.get(report.leaseId);
    const isKnown = stored === undefined ? open !== undefined : isSameLease(stored, question);
    if (!isKnown) return refusal(report, 0n);
    const before: LeaseState = stored ?? NEW_LEASE;
    if (sequence <= before.sequence) return this.#unchanged(report, before);
    const reported = withReport(before, figuresOf(report), { sequence, nowMs, times });
    const totals = this.#totalsOf(open);
    if (open !== undefined && totals !== undefined && !report.isFinal)
      return this.#granted(question, { open, totals, before, reported });
    this.#keep(question, before, reported);
    return open === undefined
      ? refusal(report, reported.grantedNanoUsd)
      : this.#unchanged(report, reported);
  }

  #granted(
    { report, ...question }: LeaseQuestion,
    { open, totals, before, reported }: Reported,
  ): LeaseGrant {
    const { nowMs, times } = this.#input;
    const isCounted = isLive(before, nowMs, times);
    const view = {
      limitNanoUsd: open.limitNanoUsd,
      canClamp: open.canClamp,
      otherNanoUsd: totals.settledNanoUsd + totals.heldNanoUsd - heldNanoUsd(before, nowMs, times),
      liveLeases: totals.liveLeases + (isCounted ? 0 : 1),
    };
    const { state, grantedNanoUsd, keepNanoUsd, freeNanoUsd } = decideGrant(view, reported, {
      needNanoUsd: BigInt(report.needNanoUsd),
      leastNanoUsd: BigInt(report.leastNanoUsd ?? 0),
      wantNanoUsd: BigInt(report.wantNanoUsd),
    });
    // A budget that makes calls smaller rather than be overspent counts on the worst, whoever falls silent.
    const incurredNanoUsd = open.canClamp
      ? grantedNanoUsd - reported.spentNanoUsd
      : reported.incurredNanoUsd;
    const after = { ...reported, grantedNanoUsd, incurredNanoUsd };
    this.#keep({ report, ...question }, before, after);
    const { returnableNanoUsd: backNanoUsd } = this.#totalsOf(open) as LedgerTotals;
    const lentNanoUsd = larger(0n, backNanoUsd - returnableNanoUsd(after, nowMs, times));
    const retryAfterMs = this.#mayFit(open, BigInt(report.needNanoUsd))
      ? RETRY_HELD_MS
      : RETRY_SPENT_MS;
    return {
      leaseId: report.leaseId,
      state,
      grantedNanoUsd: grantedNanoUsd.toString(),
      keepNanoUsd: keepNanoUsd.toString(),
      ttlMs: times.usableMs,
      retryAfterMs: state === "granted" ? 0 : retryAfterMs,
      freeNanoUsd: freeNanoUsd.toString(),
      lentNanoUsd: lentNanoUsd.toString(),
    };
  }

  /** Would so much be free if everything came back that nobody has spent? */
  #mayFit(open: OpenLedger, needNanoUsd: bigint): boolean {
    const {
      settledNanoUsd,
      heldNanoUsd: held,
      returnableNanoUsd: back,
    } = this.#totalsOf(open) as LedgerTotals;
    return needNanoUsd <= open.limitNanoUsd - settledNanoUsd - (held - back);
  }

  #totalsOf(open: OpenLedger | undefined): LedgerTotals | undefined {
    return open && this.#totals.find(({ span }) => isSameSpan(span, open.span));
  }

  #keep({ report, key, instanceId }: LeaseQuestion, before: LeaseState, after: LeaseState): void {
    const { nowMs, times } = this.#input;
    this.#changed.set(report.leaseId, { ...after, id: report.leaseId, key, instanceId });
    const moreNanoUsd = heldNanoUsd(after, nowMs, times) - heldNanoUsd(before, nowMs, times);
    const moreReturnable =
      returnableNanoUsd(after, nowMs, times) - returnableNanoUsd(before, nowMs, times);
    const moreLeases = Number(isLive(after, nowMs, times)) - Number(isLive(before, nowMs, times));
    for (const [index, totals] of this.#totals.entries()) {
      if (!counts(totals.span, key)) continue;
      this.#totals[index] = {
        ...totals,
        heldNanoUsd: totals.heldNanoUsd + moreNanoUsd,
        returnableNanoUsd: totals.returnableNanoUsd + moreReturnable,
        liveLeases: totals.liveLeases + moreLeases,
      };
    }
  }

  /** A last word, or an old one. */
  #unchanged(
    { leaseId }: LeaseReport,
    { grantedNanoUsd, spentNanoUsd, reservedNanoUsd }: LeaseState,
  ): LeaseGrant {
    return {
      leaseId,
      state: "granted",
      grantedNanoUsd: grantedNanoUsd.toString(),
      keepNanoUsd: (grantedNanoUsd - spentNanoUsd - reservedNanoUsd).toString(),
      ttlMs: this.#input.times.usableMs,
      retryAfterMs: 0,
    };
  }
}

function refusal({ leaseId }: LeaseReport, grantedNanoUsd: bigint): LeaseGrant {
  return {
    leaseId,
    state: "refused",
    grantedNanoUsd: grantedNanoUsd.toString(),
    keepNanoUsd: "0",
    ttlMs: 0,
    retryAfterMs: RETRY_HELD_MS,
  };
}

/** Ids are made up by processes: one must not report on the lease of another. */
function isSameLease(
  { key, instanceId }: StoredLease,
  { key: asked, instanceId: by }: LeaseQuestion,
): boolean {
  return instanceId === by && isSameKey(key, asked);
}

function isSameKey(one: LedgerKey, other: LedgerKey): boolean {
  return (
    one.projectId === other.projectId &&
    one.budgetId === other.budgetId &&
    one.value === other.value &&
    one.periodStartMs === other.periodStartMs
  );
}

function isSameSpan(one: LedgerSpan, other: LedgerSpan): boolean {
  return isSameKey(one, other) && one.countedFromMs === other.countedFromMs;
}

function counts({ countedFromMs, periodStartMs, ...span }: LedgerSpan, key: LedgerKey): boolean {
  return (
    span.budgetId === key.budgetId &&
    span.value === key.value &&
    key.periodStartMs >= countedFromMs &&
    key.periodStartMs <= periodStartMs
  );
}

function figuresOf(report: LeaseReport) {
  return {
    grantedNanoUsd: BigInt(report.grantedNanoUsd),
    spentNanoUsd: BigInt(report.spentNanoUsd),
    reservedNanoUsd: BigInt(report.reservedNanoUsd),
    incurredNanoUsd: BigInt(report.incurredNanoUsd),
    uncertainNanoUsd: BigInt(report.uncertainNanoUsd),
    isFinal: report.isFinal,
  };
}
