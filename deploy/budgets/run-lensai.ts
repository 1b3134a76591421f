import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startFaultyProxy } from "./chaos/faulty-proxy.ts";
import type { FaultyProxy } from "./chaos/faulty-proxy.ts";
import { FAULTY_LINKS, clockSkewMsOf, linkOf, planChaos } from "./chaos/plan-chaos.ts";
import { NO_CHAOS, runChaos } from "./chaos/run-chaos.ts";
import type { Outage } from "./chaos/run-chaos.ts";
import type { CheckedRun } from "./checks.ts";
import { createBudget, readLedger } from "./console-client.ts";
import type { RefusedCall } from "./fleet/app-options.ts";
import { Fleet } from "./fleet/fleet.ts";
import type { ProcessSettings } from "./fleet/fleet.ts";
import { agreeOnPrices } from "./own-prices.ts";
import { ProviderChild } from "./provider/provider-child.ts";
import { LIST_PRICES, RAISED_PRICES } from "./provider/provider-log.ts";
import { untilQuiet, untilSpent } from "./run-fleet.ts";
import type { BenchOptions } from "./run-options.ts";
import type { FaultyStack } from "./stack.ts";
import { judge, unheardOf } from "./verdict.ts";

export interface LensAiRun {
  /** Also the environment that its budget is for. */
  readonly name: string;
  readonly clamp: boolean;
  readonly hasChaos: boolean;
}

/** Longer than a lease: what processes that were killed have left comes back, and is to be spent. */
const QUIET_MS = 40_000;
/** Providers say before when their prices change. */
const PRICE_NOTICE_MS = 5_000;
/** What the spans of the last calls need into the lake. */
const LANDING_MS = 15_000;
/** A call of the mean, with the mean of its pause. */
const MEAN_CALL_NANO_USD = 27_000_000n;
const MEAN_CALL_MS = 8_200;

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

/** The fleet with the instrumentation loaded, and a budget in the console. */
export async function runLensAi(
  run: LensAiRun,
  stack: FaultyStack,
  options: BenchOptions,
): Promise<CheckedRun> {
  const { seed, timeScale, limitNanoUsd, callers, processes } = options;
  await agreeOnPrices(stack.pricesFile, LIST_PRICES, undefined);
  const budgetId = await createBudget(stack, { ...run, limitNanoUsd });
  const provider = await ProviderChild.start({ seed, timeScale, prices: LIST_PRICES });
  const links = await Promise.all(FAULTY_LINKS.map(() => startFaultyProxy(stack.collectorUrl)));
  // What processes compile, they compile once for all of them.
  const cache = mkdtempSync(join(tmpdir(), "lensai-fleet-"));
  const fleet = new Fleet({
    processes,
    app: {
      seed,
      callers,
      providerUrl: provider.url,
      timeScale,
      scheme: "lensai",
      counterUrl: undefined,
      limitNanoUsd: String(limitNanoUsd),
    },
    settingsOf: (place) => settingsOf(place, { run, stack, links, processes, cache }),
  });
  try {
    return await play({ run, stack, options, provider, links, fleet }, budgetId);
  } finally {
    await fleet.end();
    await Promise.all(links.map((link) => link.stop()));
    await provider.stop();
    rmSync(cache, { recursive: true, force: true });
  }
}

async function play(scene: Scene, budgetId: string): Promise<CheckedRun> {
  const { run, stack, options, provider, fleet } = scene;
  const { limitNanoUsd, processes, callers } = options;
  const over = new AbortController();
  await fleet.start();
  fleet.go();
  const raising = raisePrices(scene, over.signal);
  const chaos = planChaos(options.seed, processes, expectedMs(options));
  const { outages, kills } = run.hasChaos ? await runChaos(chaos, scene) : NO_CHAOS;
  await untilQuiet(provider, fleet, QUIET_MS);
  over.abort();
  await raising;
  await fleet.stop();
  await delay(LANDING_MS);
  const attempts = await provider.log();
  const refused = withoutOutages(fleet.refused, outages, processes);
  return {
    name: run.name,
    clamp: run.clamp,
    limitNanoUsd,
    concurrentCalls: processes * callers,
    unheardNanoUsd: unheardOf(attempts, kills),
    verdict: judge({ limitNanoUsd, attempts, refused }),
    ledger: await readLedger(stack, budgetId),
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

/** How long the fleet has something to spend, were it never held up. */
function expectedMs({ limitNanoUsd, processes, callers, timeScale }: BenchOptions): number {
  const calls = Number(limitNanoUsd / MEAN_CALL_NANO_USD);
  return (calls / (processes * callers)) * MEAN_CALL_MS * timeScale;
}

interface Surroundings extends Pick<Scene, "run" | "stack" | "links"> {
  readonly processes: number;
  readonly cache: string;
}

function settingsOf(
  place: number,
  { run: { name, hasChaos }, stack, links, processes, cache }: Surroundings,
): ProcessSettings {
  const link = hasChaos ? linkOf(place, processes) : undefined;
  const collectorUrl = link === undefined ? stack.collectorUrl : (links[link]?.url ?? "");
  return {
    execArgv: ["--import", SKEWED_CLOCK, "--import", REGISTER],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl,
      OTEL_SERVICE_NAME: "fleet",
      OTEL_RESOURCE_ATTRIBUTES: `deployment.environment.name=${name}`,
      FLEET_CLOCK_SKEW_MS: String(hasChaos ? clockSkewMsOf(place, processes) : 0),
      NODE_COMPILE_CACHE: cache,
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
