import { setTimeout as delay } from "node:timers/promises";
import { formatUsd } from "@lensai/otel-config/money";
import type { Fleet } from "./fleet/fleet.ts";
import { monotonicMs } from "./monotonic.ts";
import type { ProviderChild } from "./provider/provider-child.ts";

const LOOK_INTERVAL_MS = 500;
const PROGRESS_INTERVAL_MS = 10_000;

interface Quiet {
  readonly quietMs: number;
  /** Before this time of the machine's monotonic clock something may still change. */
  readonly notBeforeMs?: number;
}

/**
 * Resolves when the fleet has nothing to do any more: for `quietMs` no call was begun and none ran, though every
 * process went on trying.
 */
export async function untilQuiet(
  provider: ProviderChild,
  fleet: Fleet,
  { quietMs, notBeforeMs = 0 }: Quiet,
): Promise<void> {
  let calls = -1;
  let quietSinceMs = monotonicMs();
  let refusedBefore = 0;
  for (;;) {
    await delay(LOOK_INTERVAL_MS);
    const { calls: made, running } = await provider.totals();
    if (made !== calls || running > 0 || monotonicMs() < notBeforeMs) {
      quietSinceMs = monotonicMs();
      refusedBefore = fleet.refused.length;
    }
    calls = made;
    const isQuiet = monotonicMs() - quietSinceMs > quietMs;
    // On a busy machine nothing may happen for a while because nobody's turn has come.
    if (isQuiet && fleet.refused.length - refusedBefore >= fleet.size) return;
  }
}

/** Says how the run comes on, until it is over. */
export async function tellProgress(
  name: string,
  { provider, fleet }: { readonly provider: ProviderChild; readonly fleet: Fleet },
  signal: AbortSignal,
): Promise<void> {
  const startedMs = monotonicMs();
  const wait = (): Promise<boolean> =>
    delay(PROGRESS_INTERVAL_MS, true, { signal }).catch(() => false);
  while (await wait()) {
    const { calls, running, spentNanoUsd } = await provider.totals();
    const seconds = Math.round((monotonicMs() - startedMs) / 1_000);
    console.error(
      `${name}, ${seconds} s: ${formatUsd(spentNanoUsd)} by ${calls} calls, ${running} of them run; ${fleet.refused.length} were refused`,
    );
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
