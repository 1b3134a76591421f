import { Fleet } from "./fleet/fleet.ts";
import { ProviderChild } from "./provider/provider-child.ts";
import { LIST_PRICES, RAISED_PRICES } from "./provider/provider-log.ts";
import type { BenchOptions } from "./run-options.ts";
import { tellProgress, untilQuiet, untilSpent } from "./run-fleet.ts";
import { startCounterServer } from "./schemes/counter-server.ts";
import type { GateName } from "./schemes/spend-gate.ts";
import { judge } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";

export interface SchemeVerdict {
  readonly name: GateName;
  readonly verdict: Verdict;
}

/** Every caller has tried once more by then. */
const QUIET_MS = 15_000;

/** One fleet held to the budget by schemes of others, one after the other: nothing goes wrong but at the provider. */
export async function runSchemes(
  schemes: readonly GateName[],
  options: BenchOptions,
): Promise<SchemeVerdict[]> {
  if (schemes.length === 0) return [];
  const { seed, timeScale, callers, processes, pauseMs } = options;
  const fleet = new Fleet({
    processes,
    app: { seed, callers, timeScale, pauseMs },
    settingsOf: () => ({ execArgv: [], env: { NODE_COMPILE_CACHE: options.compileCache } }),
  });
  try {
    await fleet.start();
    const verdicts: SchemeVerdict[] = [];
    for (const name of schemes)
      verdicts.push({ name, verdict: await runScheme(name, fleet, options) });
    await fleet.end();
    return verdicts;
  } finally {
    await fleet.destroy();
  }
}

async function runScheme(
  scheme: GateName,
  fleet: Fleet,
  { seed, timeScale, limitNanoUsd }: BenchOptions,
): Promise<Verdict> {
  const provider = await ProviderChild.start({ seed, timeScale, prices: LIST_PRICES });
  const counter = await startCounterServer(limitNanoUsd);
  const over = new AbortController();
  const raisePrices = async (): Promise<void> => {
    if (!(await untilSpent(limitNanoUsd / 2n, provider, over.signal))) return;
    await provider.changePrices(RAISED_PRICES);
    fleet.changePrices(RAISED_PRICES);
  };
  try {
    fleet.go({
      providerUrl: provider.url,
      gate: { scheme, counterUrl: counter.url, limitNanoUsd },
    });
    const telling = tellProgress(scheme, { provider, fleet }, over.signal);
    const raising = raisePrices();
    await untilQuiet(provider, fleet, { quietMs: QUIET_MS });
    over.abort();
    await Promise.all([raising, telling]);
    await fleet.stop();
    return judge({ limitNanoUsd, attempts: await provider.log(), refused: fleet.refused });
  } finally {
    over.abort();
    await counter.stop();
    await provider.stop();
  }
}
