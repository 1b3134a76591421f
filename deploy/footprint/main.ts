import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { HELP, commandHelp } from "@lensai/otel-config/command-help";
import { launched } from "../test/support/launched-stack.ts";
import { listenForAlerts, populate } from "./populate.ts";
import { processUsages } from "./process-usage.ts";
import { cpuPercentOf, CPU_PERCENT_MAX, reportOf } from "./report.ts";

/**
 * What the whole product uses while nobody uses it, per process: as a first start leaves it, and with a month of
 * traffic, budgets and channels for alerts. Ends with 1 when a bar does not hold.
 */
const OPTIONS = {
  seconds: { type: "string", default: "30", value: "N", says: "how long is measured" },
  settle: { type: "string", default: "45", value: "N", says: "how long nothing is done before" },
  "work-off": {
    type: "string",
    default: "900",
    value: "N",
    // Bills are reviewed, which takes a tenth of a core, and small files are merged.
    says: "how long it may take at most to work off a month of traffic that has come at once",
  },
  ...HELP,
} as const;
const { values } = parseArgs({ options: OPTIONS });
if (values.help) {
  const does =
    "What the whole product uses while nobody uses it, per process; ends with 1 when a bar does not hold.";
  console.log(commandHelp("bench:footprint", does, OPTIONS));
  process.exit();
}
const seconds = Number(values.seconds);
const LOOK_SECONDS = 15;
const QUIET_LOOKS = 4;

const controlToken = randomBytes(16).toString("hex");
const dataDir = mkdtempSync(join(tmpdir(), "lensai-footprint-"));
const alerts = await listenForAlerts();
let isWithinBars = true;
try {
  const settings = { LENSAI_CONTROL_TOKEN: controlToken };
  // A first start builds and compiles what the later ones find.
  await (await launched(dataDir, settings)).stop();
  const stack = await launched(dataDir, settings);
  try {
    await delay(Number(values.settle) * 1000);
    await measure(stack.pid, "Idle, as it starts");
    await populate({ ...stack, controlToken }, alerts);
    await untilAtRest(stack.pid);
    await measure(stack.pid, "Idle, after a month of traffic, with budgets and alert channels");
  } finally {
    await stack.stop();
  }
} finally {
  alerts.close();
  rmSync(dataDir, { recursive: true, force: true });
}
process.exitCode = isWithinBars ? 0 : 1;

/** Returns when a minute has gone by in which each look found next to nothing; after the longest time in any case. */
async function untilAtRest(launcherPid: number): Promise<void> {
  const startedAtMs = performance.now();
  const elapsedSeconds = (): number => Math.round((performance.now() - startedAtMs) / 1000);
  for (let quietLooks = 0; quietLooks < QUIET_LOOKS;) {
    if (elapsedSeconds() > Number(values["work-off"])) break;
    const cpuPercent = cpuPercentOf(await processUsages(launcherPid, LOOK_SECONDS));
    quietLooks = cpuPercent < CPU_PERCENT_MAX ? quietLooks + 1 : 0;
  }
  process.stdout.write(`at rest ${elapsedSeconds()} s after the traffic\n\n`);
}

async function measure(launcherPid: number, title: string): Promise<void> {
  const report = reportOf(title, await processUsages(launcherPid, seconds));
  process.stdout.write(report.text);
  isWithinBars &&= report.isWithinBars;
}
