import {
  overspendBoundNanoUsd,
  HELD_ABORT_TOKENS,
} from "@lensai/otel-config/control/overspend-bound";
import type { FailMode } from "@lensai/otel-config/control/budgets";

/** How far beyond its limit a budget can go, and how far it has gone. Nano-USD. */
export interface OverspendBound {
  /** See `overspendBoundNanoUsd`; undefined where nothing bounds it. */
  readonly theoreticalNanoUsd: bigint | undefined;
  /** The most that a period has gone over that was enforced from its beginning; undefined where none has passed. */
  readonly observedNanoUsd: bigint | undefined;
}

export interface BoundInput {
  readonly failMode: FailMode;
  /** The most calls that ran at once, and the most that one cost beyond what was held for it, of the last days. */
  readonly peak: number;
  readonly shortfallNanoUsd: bigint;
  /** What may have been spent in this period beyond what the ledger counts, as it says itself. */
  readonly uncertainNanoUsd: bigint;
  /** By the ledger, in this period. */
  readonly countedNanoUsd: bigint;
  readonly limitNanoUsd: bigint;
  /** What each period that was enforced has spent; undefined where nothing of it has a price. */
  readonly enforcedSpendNanoUsd: readonly (bigint | undefined)[];
}

/** Of calls that have a guard; what others cost nobody stops. */
export function overspendBound(input: BoundInput): OverspendBound {
  const { failMode, peak, shortfallNanoUsd, uncertainNanoUsd, limitNanoUsd } = input;
  const overLimit = (amount: bigint): bigint =>
    amount > limitNanoUsd ? amount - limitNanoUsd : 0n;
  const over = input.enforcedSpendNanoUsd.filter((spent) => spent !== undefined).map(overLimit);
  return {
    theoreticalNanoUsd: overspendBoundNanoUsd({
      failMode,
      concurrentCallsMax: peak,
      // What a provider puts out of a stream that was cut off is held, as far as anybody knows.
      abortTokensMax: HELD_ABORT_TOKENS,
      choicesMax: 1,
      outputNanoUsdPerMillionTokens: 0n,
      shortfallNanoUsdMax: shortfallNanoUsd,
      uncertainNanoUsdMax: uncertainNanoUsd,
      countedOverNanoUsd: overLimit(input.countedNanoUsd),
      unguardedNanoUsdMax: 0n,
    }),
    observedNanoUsd:
      over.length === 0 ? undefined : over.reduce((most, each) => (each > most ? each : most), 0n),
  };
}
