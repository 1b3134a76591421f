/** How far beyond its limit a budget can go, and how far it has gone. Nano-USD. */
export interface OverspendBound {
  /**
   * Every call that runs at once costs as much as the dearest one beyond what was reserved for it. Undefined where
   * nothing is known to work it out from.
   */
  readonly theoreticalNanoUsd: bigint | undefined;
  /** The most that a period has gone over that was enforced from its beginning; undefined where none has passed. */
  readonly observedNanoUsd: bigint | undefined;
}

export interface BoundInput {
  /** The most calls that ran at once, and the dearest call, of the last days. */
  readonly peak: number;
  readonly dearestNanoUsd: bigint | undefined;
  readonly limitNanoUsd: bigint;
  /** What each period that was enforced has spent; undefined where nothing of it has a price. */
  readonly enforcedSpendNanoUsd: readonly (bigint | undefined)[];
}

/**
 * A guard reserves a call before it is made, so what is spent and reserved never exceeds the limit. Beyond it goes only
 * what calls cost more than was reserved for them: at most one such difference per call in flight, since the call
 * after it is refused. The difference is not recorded; no call costs more beyond its estimate than it costs, so the
 * dearest call bounds it.
 */
export function overspendBound(input: BoundInput): OverspendBound {
  const { peak, dearestNanoUsd, limitNanoUsd, enforcedSpendNanoUsd } = input;
  const over = enforcedSpendNanoUsd
    .filter((spent) => spent !== undefined)
    .map((spent) => (spent > limitNanoUsd ? spent - limitNanoUsd : 0n));
  return {
    theoreticalNanoUsd: dearestNanoUsd === undefined ? undefined : BigInt(peak) * dearestNanoUsd,
    observedNanoUsd:
      over.length === 0 ? undefined : over.reduce((most, each) => (each > most ? each : most), 0n),
  };
}
