/** A lease as the ledger keeps it. Amounts are nano-USD, from the beginning of the lease. */
export interface LeaseState {
  /** Of the newest report that was taken in. */
  readonly sequence: number;
  readonly grantedNanoUsd: bigint;
  /** By calls that have ended, as the process says. */
  readonly spentNanoUsd: bigint;
  /** Held by calls that ran when the process was last heard. */
  readonly reservedNanoUsd: bigint;
  /** What it comes to beyond `spentNanoUsd` if the process is never heard again, as it said itself. */
  readonly incurredNanoUsd: bigint;
  /** What its calls may have cost beyond `spentNanoUsd`: nobody has counted them. */
  readonly uncertainNanoUsd: bigint;
  /** What the process has charged for calls whose records are in the lake: counted there, with what they are billed. */
  readonly landedNanoUsd: bigint;
  readonly reportedAtMs: number;
  /** The process has said its last word. */
  readonly isClosed: boolean;
}

/** What a process says of its lease. */
export interface LeaseFigures extends Pick<
  LeaseState,
  "grantedNanoUsd" | "spentNanoUsd" | "reservedNanoUsd" | "incurredNanoUsd" | "uncertainNanoUsd"
> {
  readonly isFinal: boolean;
}

export interface LeaseTimes {
  /** How long a process is silent until the ledger settles its lease without it. */
  readonly ttlMs: number;
  /**
   * How long the process may admit calls with a lease that was not renewed. Less than `ttlMs`: what was spent has
   * landed, or was reported, in the time between the two.
   */
  readonly usableMs: number;
}

export const NEW_LEASE: LeaseState = {
  sequence: -1,
  grantedNanoUsd: 0n,
  spentNanoUsd: 0n,
  reservedNanoUsd: 0n,
  incurredNanoUsd: 0n,
  uncertainNanoUsd: 0n,
  landedNanoUsd: 0n,
  reportedAtMs: 0,
  isClosed: false,
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
  const { grantedNanoUsd, isFinal, ...said } = report;
  const kept = isLive(lease, nowMs, times) ? smaller(lease.grantedNanoUsd, grantedNanoUsd) : 0n;
  return {
    ...lease,
    ...said,
    sequence,
    grantedNanoUsd: larger(kept, said.spentNanoUsd + said.reservedNanoUsd),
    reportedAtMs: nowMs,
    isClosed: isFinal,
  };
}

/** Is the process heard? What is granted to one that is not may be somebody else's by now. */
export function isLive(
  { isClosed, reportedAtMs }: LeaseState,
  nowMs: number,
  { ttlMs }: LeaseTimes,
): boolean {
  return !isClosed && nowMs - reportedAtMs < ttlMs;
}

/**
 * What of a lease counts against the budget at a moment, besides the bills of its calls that are in the lake. While
 * its process is heard: all that was granted. When it was silent for the life of the lease, dead or cut off: what it
 * said it would come to in this case. Its next word, or the spans of its calls, put that right.
 */
export function heldNanoUsd(lease: LeaseState, nowMs: number, times: LeaseTimes): bigint {
  return larger(0n, countedNanoUsd(lease, nowMs, times) - lease.landedNanoUsd);
}

/** What may have been spent beyond what is counted of a lease: nobody has counted it, or its process is silent. */
export function uncertainNanoUsd(lease: LeaseState, nowMs: number, times: LeaseTimes): bigint {
  if (lease.isClosed || isLive(lease, nowMs, times)) return lease.uncertainNanoUsd;
  const knownNanoUsd = larger(countedNanoUsd(lease, nowMs, times), lease.landedNanoUsd);
  return larger(0n, fullNanoUsd(lease) - knownNanoUsd) + lease.uncertainNanoUsd;
}

/** What may come back of a lease, at the end of calls that run or with the next report: its process is heard. */
export function returnableNanoUsd(lease: LeaseState, nowMs: number, times: LeaseTimes): bigint {
  return isLive(lease, nowMs, times) ? fullNanoUsd(lease) - lease.spentNanoUsd : 0n;
}

function countedNanoUsd(lease: LeaseState, nowMs: number, times: LeaseTimes): bigint {
  if (lease.isClosed) return lease.spentNanoUsd;
  if (isLive(lease, nowMs, times)) return fullNanoUsd(lease);
  return lease.spentNanoUsd + lease.incurredNanoUsd;
}

function fullNanoUsd({ grantedNanoUsd, spentNanoUsd, reservedNanoUsd }: LeaseState): bigint {
  return larger(grantedNanoUsd, spentNanoUsd + reservedNanoUsd);
}

export function larger(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

export function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
