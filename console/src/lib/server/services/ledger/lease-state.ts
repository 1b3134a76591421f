/** A lease as the ledger keeps it. Amounts are nano-USD, from the beginning of the lease. */
export interface LeaseState {
  /** Of the newest report that was taken in. */
  readonly sequence: number;
  readonly grantedNanoUsd: bigint;
  /** By calls that have ended, as the process says. */
  readonly spentNanoUsd: bigint;
  /** Held by calls that ran when the process was last heard. */
  readonly reservedNanoUsd: bigint;
  /** The part of it that was gone by then. */
  readonly incurredNanoUsd: bigint;
  /** What the process has charged for calls whose records are in the lake: counted there, with what they are billed. */
  readonly landedNanoUsd: bigint;
  readonly reportedAtMs: number;
  /** The process has said its last word. */
  readonly isClosed: boolean;
  /** Its connection was closed from its end without one: it has died. A process that is cut off does not do that. */
  readonly isGone: boolean;
}

/** What a process says of its lease. */
export interface LeaseFigures extends Pick<
  LeaseState,
  "grantedNanoUsd" | "spentNanoUsd" | "reservedNanoUsd" | "incurredNanoUsd"
> {
  readonly isFinal: boolean;
}

export interface LeaseTimes {
  /**
   * How long the ledger counts on a process that has died. A process admits nothing with a lease that was not renewed
   * for half of it: what was spent has landed or was reported when the other half is over.
   */
  readonly ttlMs: number;
  /** Calls that ran when a process was last heard are over after this, whatever has become of them. Above `ttlMs`. */
  readonly callDurationMaxMs: number;
}

export const NEW_LEASE: LeaseState = {
  sequence: -1,
  grantedNanoUsd: 0n,
  spentNanoUsd: 0n,
  reservedNanoUsd: 0n,
  incurredNanoUsd: 0n,
  landedNanoUsd: 0n,
  reportedAtMs: 0,
  isClosed: false,
  isGone: false,
};

/**
 * The lease after a report. One that is not newer than what is known changes nothing. A process lowers what it was
 * granted and never raises it; one that was silent for too long has lost what it had not used.
 */
export function withReport(
  lease: LeaseState,
  report: LeaseFigures,
  { sequence, nowMs, times }: { sequence: number; nowMs: number; times: LeaseTimes },
): LeaseState {
  if (sequence <= lease.sequence) return lease;
  const { spentNanoUsd, reservedNanoUsd, incurredNanoUsd } = report;
  const usedNanoUsd = spentNanoUsd + reservedNanoUsd;
  const kept = isCounted(lease, nowMs, times)
    ? smaller(lease.grantedNanoUsd, report.grantedNanoUsd)
    : 0n;
  return {
    ...lease,
    sequence,
    spentNanoUsd,
    reservedNanoUsd,
    incurredNanoUsd,
    grantedNanoUsd: larger(kept, usedNanoUsd),
    reportedAtMs: nowMs,
    isClosed: report.isFinal,
    isGone: false,
  };
}

/** Does all that was granted count? What counts no longer may be somebody else's by now. */
function isCounted(
  { isClosed, isGone, reportedAtMs }: LeaseState,
  nowMs: number,
  { ttlMs, callDurationMaxMs }: LeaseTimes,
): boolean {
  return !isClosed && nowMs - reportedAtMs < (isGone ? ttlMs : callDurationMaxMs);
}

/**
 * What of a lease counts against the budget at a moment, besides the bills of its calls that are in the lake. While
 * its process is heard: all that was granted. Of one that is cut off the same, since it may have spent it, until its
 * calls are over in any case. Of one that has died, after the life of a lease: what it had spent and what calls held
 * that ran. At last what was surely gone.
 */
export function heldNanoUsd(lease: LeaseState, nowMs: number, times: LeaseTimes): bigint {
  return larger(0n, countedNanoUsd(lease, nowMs, times) - lease.landedNanoUsd);
}

function countedNanoUsd(lease: LeaseState, nowMs: number, times: LeaseTimes): bigint {
  const { spentNanoUsd, reservedNanoUsd, incurredNanoUsd, grantedNanoUsd } = lease;
  if (lease.isClosed) return spentNanoUsd;
  if (isCounted(lease, nowMs, times)) return larger(grantedNanoUsd, spentNanoUsd + reservedNanoUsd);
  const isRunning = nowMs - lease.reportedAtMs < times.callDurationMaxMs;
  return spentNanoUsd + (isRunning ? reservedNanoUsd : incurredNanoUsd);
}

export function larger(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

export function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
