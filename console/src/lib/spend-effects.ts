import type { SpendChange } from "@lensai/analytics/queries/spend-changes";
import { divideHalfUp } from "@lensai/otel-config/money";

/** What a cost has changed by, and through what: the two parts come to the change, to the nano-dollar. */
export interface SpendEffects {
  readonly changeNanoUsd: bigint;
  /** Undefined where the cost is not of calls that can be counted, as that of metrics is. */
  readonly parts:
    | {
        /** More or fewer calls, each at what a call cost before. */
        readonly byCallsNanoUsd: bigint;
        /** Calls that cost more or less than a call cost before. */
        readonly perCallNanoUsd: bigint;
      }
    | undefined;
}

/** Undefined where the cost of either time is unknown. */
export function spendEffects({ before, now }: SpendChange): SpendEffects | undefined {
  if (before.costNanoUsd === undefined || now.costNanoUsd === undefined) return undefined;
  const changeNanoUsd = now.costNanoUsd - before.costNanoUsd;
  const isUncounted = [before, now].some(
    (side) => side.pricedCalls === 0 && side.costNanoUsd !== 0n,
  );
  if (isUncounted) return { changeNanoUsd, parts: undefined };
  // Where one of the times has no calls, nothing says what one would have cost.
  const isOneSided = before.pricedCalls === 0 || now.pricedCalls === 0;
  const moreCalls = BigInt(now.pricedCalls - before.pricedCalls);
  const byCallsNanoUsd = isOneSided
    ? changeNanoUsd
    : divideHalfUp(before.costNanoUsd * moreCalls, BigInt(before.pricedCalls));
  return {
    changeNanoUsd,
    parts: { byCallsNanoUsd, perCallNanoUsd: changeNanoUsd - byCallsNanoUsd },
  };
}
