import type { LeaseState as WireState } from "@lensai/otel-config/control/leases";
import { larger, smaller } from "./lease-state.ts";
import type { LeaseState } from "./lease-state.ts";

/** A ledger as one lease meets it. */
export interface LedgerView {
  readonly limitNanoUsd: bigint;
  /** What all other leases hold and all that was billed, within what counts against the limit now. */
  readonly otherNanoUsd: bigint;
  /** Leases of processes that are heard, this one among them. */
  readonly liveLeases: number;
  /** A call that does not fit can be made smaller: the last cents are of use. */
  readonly canClamp: boolean;
}

export interface Wanted {
  /** For a call that waits; beyond what is spent and reserved. */
  readonly needNanoUsd: bigint;
  /** For the same call, made as small as it can be. */
  readonly leastNanoUsd: bigint;
  /** Ahead. */
  readonly wantNanoUsd: bigint;
}

export interface Grant {
  readonly state: WireState;
  readonly grantedNanoUsd: bigint;
  /** How much may stay unused. */
  readonly keepNanoUsd: bigint;
  /** Neither spent nor lent. */
  readonly freeNanoUsd: bigint;
}

/**
 * Of what is free, all leases together may have so much lying ahead of their calls. The rest is for those that
 * need it, so that no call is refused while much is free.
 */
const SHARES_PER_LEASE = 2n;

/**
 * How much a lease is raised to. What a waiting call needs is granted when it is there. Ahead of calls each process gets
 * what it wants, and no more than its share of what is free: leases shrink as the budget drains. Nothing is ever
 * granted that is not free: committed stays at or below the limit, but for calls that cost more than was held for them.
 */
export function decideGrant(
  { limitNanoUsd, otherNanoUsd, liveLeases, canClamp }: LedgerView,
  lease: LeaseState,
  { needNanoUsd, leastNanoUsd, wantNanoUsd }: Wanted,
): Grant {
  const used = lease.spentNanoUsd + lease.reservedNanoUsd;
  const idle = larger(0n, lease.grantedNanoUsd - used);
  const ownNanoUsd = larger(0n, larger(lease.grantedNanoUsd, used) - lease.landedNanoUsd);
  const free = larger(0n, limitNanoUsd - otherNanoUsd - ownNanoUsd);
  const pool = larger(0n, limitNanoUsd - otherNanoUsd - (ownNanoUsd - idle));
  const share = pool / (SHARES_PER_LEASE * BigInt(Math.max(1, liveLeases)));
  const ahead = smaller(wantNanoUsd, share);
  const hasNeeded = needNanoUsd <= pool;
  // Less would be of no use to the call, and in the leases of many to nobody: it comes together where it is free.
  const lastCents = canClamp && leastNanoUsd <= pool ? pool : 0n;
  const needed = hasNeeded ? needNanoUsd : lastCents;
  const keep = larger(ahead, needed);
  const added = larger(0n, smaller(keep - idle, free));
  return {
    state: hasNeeded && (added > 0n || keep <= idle) ? "granted" : "exhausted",
    grantedNanoUsd: lease.grantedNanoUsd + added,
    keepNanoUsd: keep,
    freeNanoUsd: free - added,
  };
}
