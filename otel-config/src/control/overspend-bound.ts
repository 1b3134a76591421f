import type { NanoUsd } from "../money.ts";
import type { FailMode } from "./budgets.ts";

/**
 * Tokens of each answer that a guard holds beyond what a stream has put out, for what its provider writes, and bills,
 * until it notices that nobody reads on.
 */
export const HELD_ABORT_TOKENS = 128;

/** What is known of the calls under an enforcing budget. */
export interface BoundFacts {
  readonly failMode: FailMode;
  /** Calls under the budget that ran at once, at most. */
  readonly concurrentCallsMax: number;
  /** Answers that one of them asked for at once (`n`), at most. */
  readonly choicesMax: number;
  /** Of the dearest model among them. */
  readonly outputNanoUsdPerMillionTokens: NanoUsd;
  /** What a provider puts out of each answer after its stream was cut off, at most: tokens. */
  readonly abortTokensMax: number;
  /** The most that one call came to cost beyond what was held for it, for other reasons; 0n while none did. */
  readonly shortfallNanoUsdMax: NanoUsd;
  /**
   * What may have been spent beyond what the ledger counts, as it says itself: by calls whose cost nobody has counted,
   * and by processes that died or are not heard; 0n while there are none.
   */
  readonly uncertainNanoUsdMax: NanoUsd;
  /** What the ledger counts beyond the limit already: it has come out, or the limit was lowered; 0n while nothing is. */
  readonly countedOverNanoUsd: NanoUsd;
  /** What calls without a guard may cost until their records have landed; 0n where all calls have one. */
  readonly unguardedNanoUsdMax: NanoUsd;
}

const MILLION = 1_000_000n;

/**
 * How much more than the limit of an enforcing budget can be spent in one period; undefined when nothing bounds it,
 * which is so where calls go on while the ledger cannot be reached.
 *
 * What calls may cost is held before they are made, and grants of the ledger never add up to more than the limit.
 * So only what was not held, or is not known, can be too much:
 *
 *     calls at once × (abort tokens that are not held × answers × price + shortfall)
 *       + uncertain + counted over + unguarded
 */
export function overspendBoundNanoUsd(facts: BoundFacts): NanoUsd | undefined {
  const { failMode, concurrentCallsMax, choicesMax, abortTokensMax } = facts;
  if (failMode === "open") return undefined;
  const unheldTokens = Math.max(0, abortTokensMax - HELD_ABORT_TOKENS) * choicesMax;
  const abortNanoUsd = ceilDivide(
    BigInt(Math.ceil(unheldTokens)) * facts.outputNanoUsdPerMillionTokens,
    MILLION,
  );
  const perCallNanoUsd = abortNanoUsd + facts.shortfallNanoUsdMax;
  return (
    BigInt(concurrentCallsMax) * perCallNanoUsd +
    facts.uncertainNanoUsdMax +
    facts.countedOverNanoUsd +
    facts.unguardedNanoUsdMax
  );
}

const ceilDivide = (numerator: bigint, denominator: bigint): bigint =>
  (numerator + denominator - 1n) / denominator;
