import type { LeaseReport } from "@lensai/otel-config/control/leases";
import { ledgerValueOf } from "@lensai/otel-config/control/leases";
import type { LeaseHolder } from "./lease-source.ts";

/** How often leases are renewed and what was spent is told, if nothing else is to be asked. */
export const RENEWAL_INTERVAL_MS = 4_000;
/** What is asked for ahead while nothing is known about the calls of a budget: some cents. */
export const FIRST_WANT_NANO = 20_000_000;
/** A process that spends so much of a limit, in parts, tells the ledger: so much is unknown of one that dies. */
const TOLD_PARTS_OF_LIMIT = 1_000;

/** A lease of this process, and what is known of it between two answers of the ledger. Amounts are nano-USD. */
export interface HeldLease {
  readonly holder: LeaseHolder;
  readonly leaseId: string;
  /** The call at hand. */
  needNano: number;
  /** Made as small as it can be; Infinity while none is at hand. */
  leastNano: number;
  /** What to have ahead. */
  wantNano: number;
  grantedAtMs: number;
  /** By the clock of timers, which nobody sets. */
  expiresAtMs: number;
  /** Spent and reserved, when the lease was last renewed. */
  usedNano: number;
  /** Spent and incurred, then. */
  goneNano: number;
  /** Spent and incurred, when the ledger was last told; and when that was, by the clock of timers. */
  toldNano: number;
  toldAtMs: number;
  idleRenewals: number;
  isClosing: boolean;
}

export function openLease(leaseId: string, holder: LeaseHolder): HeldLease {
  return {
    holder,
    leaseId,
    needNano: 0,
    leastNano: Infinity,
    wantNano: FIRST_WANT_NANO,
    grantedAtMs: -Infinity,
    expiresAtMs: -Infinity,
    usedNano: 0,
    goneNano: 0,
    toldNano: 0,
    toldAtMs: -Infinity,
    idleRenewals: 0,
    isClosing: false,
  };
}

export function usedNanoOf({ figures }: LeaseHolder): number {
  return figures.spentNano + figures.reservedNano;
}

/** What is gone if the process dies now. */
export function goneNanoOf({ figures }: LeaseHolder): number {
  return figures.spentNano + figures.incurredNano;
}

/** The ledger is told, without being asked for anything, when so much more is gone than it knows. */
export function tellStepNanoOf({ terms }: LeaseHolder): number {
  return terms.isEnforced ? Number(terms.limitNanoUsd) / TOLD_PARTS_OF_LIMIT : Infinity;
}

/**
 * What calls that run will have cost, and calls that are yet to be made, if this is the last word of the process: it
 * is taken to spend as it did since the word before, and to die half-way to its next one.
 */
function lastWordNanoOf({ holder, toldNano, toldAtMs }: HeldLease): number {
  const { grantedNano, spentNano, incurredNano } = holder.figures;
  const sinceMs = Math.max(1, performance.now() - toldAtMs);
  const goneNano = Math.max(0, goneNanoOf(holder) - toldNano);
  const untilNextNano = Math.min(
    goneNano * Math.min(1, RENEWAL_INTERVAL_MS / sinceMs),
    tellStepNanoOf(holder),
  );
  const expectedNano = incurredNano + untilNextNano / 2;
  return Math.max(incurredNano, Math.min(expectedNano, grantedNano - spentNano));
}

export function reportOf(held: HeldLease): LeaseReport {
  const { holder, leaseId, needNano, leastNano, wantNano, isClosing } = held;
  const { budgetId, value, periodStartMs } = holder.key;
  const { grantedNano, spentNano, reservedNano } = holder.figures;
  return {
    leaseId,
    budgetId,
    ...(value !== undefined && { value: ledgerValueOf(value) }),
    periodStartsAt: new Date(periodStartMs).toISOString(),
    grantedNanoUsd: digits(grantedNano),
    spentNanoUsd: digits(spentNano),
    reservedNanoUsd: digits(reservedNano),
    incurredNanoUsd: digits(lastWordNanoOf(held)),
    uncertainNanoUsd: digits(holder.figures.uncertainNano),
    needNanoUsd: digits(needNano),
    ...(leastNano < needNano && { leastNanoUsd: digits(leastNano) }),
    wantNanoUsd: digits(isClosing ? 0 : wantNano),
    isFinal: false,
  };
}

export function finalReportOf(held: HeldLease): LeaseReport {
  const report = reportOf(held);
  return { ...report, grantedNanoUsd: report.spentNanoUsd, needNanoUsd: "0", isFinal: true };
}

/**
 * What is to be said for the process when it has died: its calls come to what they had come to, and at most to what they
 * held. Of a budget that takes the worst that is what they had come to at most, and nothing is uncertain.
 */
export function lastReportOf(held: HeldLease): LeaseReport {
  const { figures, terms } = held.holder;
  const spentNano = goneNanoOf(held.holder);
  const beyondNano = terms.takesWorst ? 0 : usedNanoOf(held.holder) - spentNano;
  return {
    ...finalReportOf(held),
    grantedNanoUsd: digits(spentNano),
    spentNanoUsd: digits(spentNano),
    reservedNanoUsd: "0",
    incurredNanoUsd: "0",
    uncertainNanoUsd: digits(figures.uncertainNano + beyondNano),
    wantNanoUsd: "0",
  };
}

function digits(nano: number): string {
  return BigInt(Math.max(0, Math.round(nano))).toString();
}
