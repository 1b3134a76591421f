import { setTimeout as delay } from "node:timers/promises";
import type { Fleet } from "./fleet/fleet.ts";
import type { ProviderChild } from "./provider/provider-child.ts";

const LOOK_INTERVAL_MS = 500;

/**
 * Resolves when the fleet has nothing to do any more: for `quietMs` no call was begun and none ran, though every
 * process went on trying.
 */
export async function untilQuiet(
  provider: ProviderChild,
  fleet: Fleet,
  quietMs: number,
): Promise<void> {
  let calls = -1;
  let quietSinceMs = performance.now();
  let refusedBefore = 0;
  for (;;) {
    await delay(LOOK_INTERVAL_MS);
    const { calls: made, running } = await provider.totals();
    if (made !== calls || running > 0) {
      quietSinceMs = performance.now();
      refusedBefore = fleet.refused.length;
    }
    calls = made;
    const isQuiet = performance.now() - quietSinceMs > quietMs;
    // On a busy machine nothing may happen for a while because nobody's turn has come.
    if (isQuiet && fleet.refused.length - refusedBefore >= fleet.size) return;
  }
}

/** Resolves when this much was spent, and says so; or when it is no longer of interest. */
export async function untilSpent(
  amountNanoUsd: bigint,
  provider: ProviderChild,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    const { spentNanoUsd } = await provider.totals();
    if (spentNanoUsd >= amountNanoUsd) return true;
    await delay(LOOK_INTERVAL_MS);
  }
  return false;
}
