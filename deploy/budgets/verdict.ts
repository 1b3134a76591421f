import type { RefusedCall } from "./fleet/app-options.ts";
import type { BilledAttempt } from "./provider/provider-log.ts";

/** What a run shows, by the provider's own log. Amounts are nano-USD. */
export interface Verdict {
  readonly spentNanoUsd: bigint;
  readonly overNanoUsd: bigint;
  readonly unspentNanoUsd: bigint;
  readonly calls: number;
  readonly refusals: number;
  readonly cutOffs: number;
  /**
   * The most that was free when a call was refused: what neither calls that had ended cost, nor those that ran at
   * that moment came to cost. Undefined when none was refused.
   */
  readonly freeAtRefusalNanoUsd: bigint | undefined;
  /** Why that call was refused. */
  readonly firstReason: string | undefined;
}

export interface RunFacts {
  readonly limitNanoUsd: bigint;
  readonly attempts: readonly BilledAttempt[];
  readonly refused: readonly RefusedCall[];
}

export function judge({ limitNanoUsd, attempts, refused }: RunFacts): Verdict {
  const spentNanoUsd = attempts.reduce((sum, { billNanoUsd }) => sum + billNanoUsd, 0n);
  const beforeCall = refused.filter(({ isCutOff }) => !isCutOff);
  return {
    spentNanoUsd,
    overNanoUsd: positive(spentNanoUsd - limitNanoUsd),
    unspentNanoUsd: positive(limitNanoUsd - spentNanoUsd),
    calls: attempts.filter(({ end }) => end !== "refused").length,
    refusals: beforeCall.length,
    cutOffs: refused.length - beforeCall.length,
    ...mostFree(limitNanoUsd, attempts, beforeCall),
  };
}

/** In the order of their times, with the sum of the bills of all calls that had begun by then. */
function mostFree(
  limitNanoUsd: bigint,
  attempts: readonly BilledAttempt[],
  refused: readonly RefusedCall[],
): Pick<Verdict, "freeAtRefusalNanoUsd" | "firstReason"> {
  const begun = attempts.toSorted((a, b) => a.startedMs - b.startedMs);
  const first = refused.toSorted((a, b) => a.atMs - b.atMs)[0];
  if (first === undefined) return { freeAtRefusalNanoUsd: undefined, firstReason: undefined };
  // What has begun only grows: the first refusal is the one with the most free.
  const committed = begun
    .filter(({ startedMs }) => startedMs <= first.atMs)
    .reduce((sum, { billNanoUsd }) => sum + billNanoUsd, 0n);
  return { freeAtRefusalNanoUsd: positive(limitNanoUsd - committed), firstReason: first.reason };
}

export const positive = (amount: bigint): bigint => (amount > 0n ? amount : 0n);
