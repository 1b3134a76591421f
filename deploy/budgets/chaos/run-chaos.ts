import { setTimeout as delay } from "node:timers/promises";
import type { Fleet } from "../fleet/fleet.ts";
import { monotonicMs } from "../monotonic.ts";
import type { FaultyStack } from "../stack.ts";
import type { FaultyProxy } from "./faulty-proxy.ts";
import type { Fault, PlannedFault } from "./plan-chaos.ts";

/** A time in which the ledger could not be reached, by the processes of one link or by all. */
export interface Outage {
  readonly link: number | undefined;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface ChaosTargets {
  readonly fleet: Fleet;
  readonly stack: FaultyStack;
  readonly links: readonly FaultyProxy[];
}

export interface ChaosRecord {
  readonly outages: readonly Outage[];
  /** When processes were killed, by the machine's monotonic clock. */
  readonly killedMs: readonly number[];
}

/** After something is up again, until everybody has noticed: processes ask again after 4 seconds, and wait for 3. */
const NOTICE_MS = 10_000;

/** Makes all of it happen, each at its time; resolves when everything is up again. */
export async function runChaos(
  plan: readonly PlannedFault[],
  targets: ChaosTargets,
): Promise<ChaosRecord> {
  const outages: Outage[] = [];
  const killedMs: number[] = [];
  const happened = plan.map(async ({ atMs, fault }) => {
    await delay(atMs);
    const fromMs = monotonicMs();
    if (fault.kind === "kill-process") killedMs.push(await killProcess(fault, targets));
    else {
      await interrupt(fault, targets);
      const link = fault.kind === "cut-link" ? fault.link : undefined;
      outages.push({ link, fromMs, untilMs: monotonicMs() + NOTICE_MS });
    }
  });
  await Promise.all(happened);
  return { outages, killedMs };
}

async function killProcess(
  { place, downMs }: Extract<Fault, { kind: "kill-process" }>,
  { fleet }: ChaosTargets,
): Promise<number> {
  await fleet.kill(place);
  const atMs = monotonicMs();
  await delay(downMs);
  await fleet.restart(place);
  return atMs;
}

async function interrupt(
  fault: Exclude<Fault, { kind: "kill-process" }>,
  { stack, links }: ChaosTargets,
): Promise<void> {
  if (fault.kind === "kill-part") {
    await stack.kill(fault.part);
    await delay(fault.downMs);
    await stack.restart(fault.part);
    return;
  }
  links[fault.link]?.set(fault.state);
  await delay(fault.downMs);
  links[fault.link]?.set("open");
}
