import { Fleet } from "./fleet/fleet.ts";
import { ProviderChild } from "./provider/provider-child.ts";
import { LIST_PRICES, RAISED_PRICES } from "./provider/provider-log.ts";
import type { BenchOptions } from "./run-options.ts";
import { untilQuiet, untilSpent } from "./run-fleet.ts";
import { startCounterServer } from "./schemes/counter-server.ts";
import type { GateName } from "./schemes/spend-gate.ts";
import { judge } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";

/** Callers try again every 5 seconds, scaled. */
const QUIET_MS = 15_000;

/** The fleet held to the budget by a scheme of others: nothing goes wrong but at the provider. */
export async function runScheme(scheme: GateName, options: BenchOptions): Promise<Verdict> {
  const { seed, timeScale, limitNanoUsd, callers, processes } = options;
  const provider = await ProviderChild.start({ seed, timeScale, prices: LIST_PRICES });
  const counter = await startCounterServer(limitNanoUsd);
  const fleet = new Fleet({
    processes,
    app: {
      seed,
      callers,
      providerUrl: provider.url,
      timeScale,
      scheme,
      counterUrl: counter.url,
      limitNanoUsd: String(limitNanoUsd),
    },
    settingsOf: () => ({ execArgv: [], env: {} }),
  });
  const over = new AbortController();
  const raisePrices = async (): Promise<void> => {
    if (!(await untilSpent(limitNanoUsd / 2n, provider, over.signal))) return;
    await provider.changePrices(RAISED_PRICES);
    fleet.changePrices(RAISED_PRICES);
  };
  try {
    await fleet.start();
    fleet.go();
    const raising = raisePrices();
    await untilQuiet(provider, fleet, QUIET_MS * timeScale);
    over.abort();
    await raising;
    await fleet.stop();
    return judge({ limitNanoUsd, attempts: await provider.log(), refused: fleet.refused });
  } finally {
    await fleet.end();
    await counter.stop();
    await provider.stop();
  }
}
