import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startFaultyProxy } from "./chaos/faulty-proxy.ts";
import type { FaultyProxy } from "./chaos/faulty-proxy.ts";
import { FAULTY_LINKS, clockSkewMsOf, linkOf, planChaos } from "./chaos/plan-chaos.ts";
import { runChaos } from "./chaos/run-chaos.ts";
import type { Outage } from "./chaos/run-chaos.ts";
import type { CheckedRun } from "./checks.ts";
import { decompose } from "./decomposition.ts";
import type { ChargeGroup } from "./decomposition.ts";
import { createBudget, readLedger } from "./console-client.ts";
import type { LedgerSums } from "./console-client.ts";
import type { RefusedCall } from "./fleet/app-options.ts";
import { Fleet } from "./fleet/fleet.ts";
import type { ProcessSettings } from "./fleet/fleet.ts";
import { monotonicMs } from "./monotonic.ts";
import { agreeOnPrices } from "./own-prices.ts";
import { ProviderChild } from "./provider/provider-child.ts";
import { LIST_PRICES, RAISED_PRICES } from "./provider/provider-log.ts";
import { readCalls } from "./read-calls.ts";
import { tellProgress, untilQuiet, untilSpent } from "./run-fleet.ts";
import type { BenchOptions } from "./run-options.ts";
import type { FaultyStack } from "./stack.ts";
import { judge } from "./verdict.ts";

export interface LensAiRun {
  /** Also the environment that its budget is for. */
  readonly name: string;
  readonly clamp: boolean;
}

/** What was to be checked of a run, and where bills and charges differ. */
export interface LensAiResult extends CheckedRun {
  readonly groups: readonly ChargeGroup[];
}

/** What processes have left that were killed comes back after the life of a lease, and is to be spent. */
const LEASE_LIFE_MS = 30_000;
/** Every caller has tried once more by then. */
const QUIET_MS = 15_000;
/** Providers say before when their prices change. */
const PRICE_NOTICE_MS = 5_000;
/** The ledger has heard of everything when it has not changed for so long. */
const SETTLED_MS = 5_000;
const SETTLING_MAX_MS = 60_000;
const LOOK_INTERVAL_MS = 500;
/** A call of the mean. */
const MEAN_CALL_NANO_USD = 27_000_000n;
const MEAN_CALL_MS = 8_000;

const REGISTER = join(import.meta.dirname, "../../instrumentation/src/register.ts");
const SKEWED_CLOCK = join(import.meta.dirname, "fleet/skewed-clock.ts");

interface Scene {
  readonly run: LensAiRun;
  readonly stack: FaultyStack;
  readonly options: BenchOptions;
  readonly provider: ProviderChild;
  readonly links: readonly FaultyProxy[];
  readonly fleet: Fleet;
}

/** The fleet with the instrumentation loaded, and a budget in the console; and much goes wrong. */
export async function runLensAi(
  run: LensAiRun,
  stack: FaultyStack,
  options: BenchOptions,
): Promise<LensAiResult> {
  const { seed, timeScale, limitNanoUsd, callers, processes, pauseMs } = options;
  await agreeOnPrices(stack.pricesFile, LIST_PRICES, undefined);
  const budgetId = await createBudget(stack, { ...run, limitNanoUsd });
  const provider = await ProviderChild.start({ seed, timeScale, prices: LIST_PRICES });
  const links = await Promise.all(FAULTY_LINKS.map(() => startFaultyProxy(stack.collectorUrl)));
  const fleet = new Fleet({
    processes,
    app: { seed, callers, timeScale, pauseMs },
    settingsOf: (place) => settingsOf(place, { run, stack, links, options }),
  });
  try {
    return await play({ run, stack, options, provider, links, fleet }, budgetId);
  } finally {
    await fleet.destroy();
    await Promise.all(links.map((link) => link.stop()));
    await provider.stop();
  }
}

async function play(scene: Scene, budgetId: string): Promise<LensAiResult> {
  const { run, stack, options, provider, fleet } = scene;
  const { limitNanoUsd, processes } = options;
  const over = new AbortController();
  const startedMs = Date.now();
  await fleet.start();
  fleet.go({ providerUrl: provider.url, gate: undefined });
  const telling = tellProgress(run.name, scene, over.signal);
  const raising = raisePrices(scene, over.signal);
  const chaos = planChaos(options.seed, processes, expectedMs(options));
  const { outages, killedMs } = await runChaos(chaos, scene);
  const notBeforeMs = Math.max(0, ...killedMs) + LEASE_LIFE_MS;
  await untilQuiet(provider, fleet, { quietMs: QUIET_MS, notBeforeMs });
  over.abort();
  await Promise.all([raising, telling]);
  await fleet.stop();
  await fleet.end();
  const ledger = await settledLedger(stack, budgetId);
  const attempts = await provider.log();
  const refused = withoutOutages(fleet.refused, outages, processes);
  const { charges, bound } = await readCalls(stack.dataDir, run.name, startedMs);
  return {
    name: run.name,
    clamp: run.clamp,
    limitNanoUsd,
    bound,
    verdict: judge({ limitNanoUsd, attempts, refused }),
    ledger,
    groups: decompose(attempts, charges),
  };
}

/** When half of the budget is spent, every call gets dearer; the console is told in time. */
async function raisePrices(
  { options: { limitNanoUsd }, provider, stack }: Scene,
  signal: AbortSignal,
): Promise<void> {
  if (!(await untilSpent(limitNanoUsd / 2n, provider, signal))) return;
  const untilMs = Date.now() + PRICE_NOTICE_MS;
  await agreeOnPrices(stack.pricesFile, RAISED_PRICES, new Date(untilMs));
  await delay(untilMs - Date.now());
  await provider.changePrices(RAISED_PRICES);
}

/** When all processes have said their last words, and all spans have landed. */
async function settledLedger(stack: FaultyStack, budgetId: string): Promise<LedgerSums> {
  const startedMs = monotonicMs();
  let ledger = await readLedger(stack, budgetId);
  let sinceMs = startedMs;
  while (monotonicMs() - sinceMs < SETTLED_MS && monotonicMs() - startedMs < SETTLING_MAX_MS) {
    await delay(LOOK_INTERVAL_MS);
    const now = await readLedger(stack, budgetId);
    const isSame =
      now.settledNanoUsd === ledger.settledNanoUsd && now.heldNanoUsd === ledger.heldNanoUsd;
    if (!isSame) sinceMs = monotonicMs();
    ledger = now;
  }
  return ledger;
}

/** How long the fleet has something to spend, were it never held up. */
function expectedMs({
  limitNanoUsd,
  processes,
  callers,
  timeScale,
  pauseMs,
}: BenchOptions): number {
  const calls = Number(limitNanoUsd / MEAN_CALL_NANO_USD);
  return (calls / (processes * callers)) * (MEAN_CALL_MS * timeScale + pauseMs);
}

interface Surroundings extends Pick<Scene, "run" | "stack" | "links"> {
  readonly options: BenchOptions;
}

function settingsOf(
  place: number,
  { run: { name }, stack, links, options: { processes, compileCache } }: Surroundings,
): ProcessSettings {
  const link = linkOf(place, processes);
  const collectorUrl = link === undefined ? stack.collectorUrl : (links[link]?.url ?? "");
  return {
    execArgv: ["--import", SKEWED_CLOCK, "--import", REGISTER],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl,
      OTEL_SERVICE_NAME: "fleet",
      OTEL_RESOURCE_ATTRIBUTES: `deployment.environment.name=${name}`,
      FLEET_CLOCK_SKEW_MS: String(clockSkewMsOf(place, processes)),
      NODE_COMPILE_CACHE: compileCache,
      LENSAI_LEASE_JOURNAL: join(compileCache, "leases"),
    },
  };
}

/** A process that cannot reach the ledger, and has used up its lease, refuses by its fail mode. */
function withoutOutages(
  refused: readonly RefusedCall[],
  outages: readonly Outage[],
  processes: number,
): RefusedCall[] {
  return refused.filter(({ process: name, atMs }) => {
    const link = linkOf(Number(name.split(".")[0]), processes);
    return !outages.some(
      (outage) =>
        atMs >= outage.fromMs &&
        atMs <= outage.untilMs &&
        (outage.link === undefined || outage.link === link),
    );
  });
}
