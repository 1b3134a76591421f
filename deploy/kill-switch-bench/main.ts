import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { HELP, commandHelp } from "@lensai/otel-config/command-help";
import { launched } from "../test/support/launched-stack.ts";
import { askConsole } from "./ask-console.ts";
import type { ConsoleApi } from "./ask-console.ts";
import { watchConsole } from "./console-page.ts";
import { cpuByWorker, cpuSince } from "./cpu-ledger.ts";
import type { CpuByWorker } from "./cpu-ledger.ts";
import { monotonicMs } from "./messages.ts";
import type { FromClients } from "./messages.ts";
import { observe } from "./observers.ts";
import { makeOtherBudgets } from "./other-budgets.ts";
import { reportOf } from "./report.ts";
import type { Flip } from "./report.ts";

/**
 * From the click to the last process that knows, and to the last acknowledgement that the console shows: over the
 * whole product as `pnpm start` starts it (PostgreSQL with a durable commit, console, collector) and clients that
 * speak over real sockets, a tenth of them with the instrumentation's own code.
 */
const OPTIONS = {
  clients: { type: "string", default: "1000", value: "N", says: "that are told of the switch" },
  processes: { type: "string", default: "2", value: "N", says: "in which the clients are" },
  flips: { type: "string", default: "30", value: "N", says: "of the switch" },
  budgets: {
    type: "string",
    default: "0",
    value: "N",
    says: "of other projects; 10,000 take ten minutes to make",
  },
  ...HELP,
} as const;
const { values } = parseArgs({ options: OPTIONS });
if (values.help) {
  const does =
    "How long it takes from the click on a kill-switch to the last process that knows, and to the last receipt.";
  console.log(commandHelp("bench:kill-switch", does, OPTIONS));
  process.exit();
}
const clients = Number(values.clients);
const processes = Number(values.processes);
const flips = Number(values.flips);
const otherBudgets = Number(values.budgets);
const perProcess = Math.ceil(clients / processes);

const PROJECT = "default";
const SWITCHES = "kill-switches";
/** What one flip leaves to do (answers to acknowledgements) is not part of the next. */
const BETWEEN_FLIPS_MS = 600;

const dataDir = mkdtempSync(path.join(tmpdir(), "lensai-kill-switch-"));
const token = randomBytes(16).toString("hex");
const stack = await launched(dataDir, { LENSAI_CONTROL_TOKEN: token });
const consoleApi: ConsoleApi = { url: stack.consoleUrl, token };
const children: ChildProcess[] = [];
try {
  await run();
} finally {
  for (const child of children) child.kill();
  await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

async function run(): Promise<void> {
  await makeOtherBudgets(consoleApi, otherBudgets);
  const controlUrl = `${stack.otlpHttpUrl}/v1/control`;
  // Before the clients: the collector tells in the order of their coming.
  const atCollector = await observe(controlUrl, { "x-api-key": stack.apiKey });
  const atConsole = await observe(`${stack.consoleUrl}/internal/control`, {
    authorization: `Bearer ${token}`,
  });
  let onApplied: ((message: Extract<FromClients, { kind: "applied" }>) => void) | undefined;
  const connected = Array.from({ length: processes }, () => {
    const child = fork(path.join(import.meta.dirname, "clients.ts"), [controlUrl, stack.apiKey]);
    children.push(child);
    return new Promise<void>((resolve) => {
      child.on("message", (message: FromClients) => {
        if (message.kind === "connected") resolve();
        else onApplied?.(message);
      });
      child.send({ kind: "connect", count: perProcess });
    });
  });
  await Promise.all(connected);
  const total = perProcess * processes;
  const page = await watchConsole(stack.consoleUrl, PROJECT);
  await page.untilConnected(total);
  process.stdout.write(
    `${total} clients in ${processes} processes are connected; ${flips} flips\n`,
  );

  const clientPids = children.map(({ pid }) => pid as number);
  const cpu = (): CpuByWorker => cpuByWorker(stack.pid, clientPids);
  const measured: Flip[] = [];
  let switchId: string | undefined;
  // The first two warm what is compiled on the way, and count for nothing.
  for (let flip = -2; flip < flips; flip += 1) {
    const isOn = switchId === undefined;
    await setTimeout(BETWEEN_FLIPS_MS);
    const knownMs: number[] = [];
    const before = cpu();
    const clickedMs = monotonicMs();
    const all = new Promise<void>((resolve) => {
      onApplied = ({ switches, atMs }) => {
        if (switches > 0 !== isOn) return;
        knownMs.push(...atMs.map((each) => each - clickedMs));
        if (knownMs.length === total) resolve();
      };
    });
    const [pushed, told] = [atConsole.next(), atCollector.next()];
    const shown = page.untilKnown(isOn ? "trigger" : "release", total);
    const id: string = isOn ? await trigger() : await release(switchId as string);
    const answeredMs = monotonicMs() - clickedMs;
    await all;
    const cpuUntilKnown = cpuSince(before, cpu());
    const shownMs = (await shown) - clickedMs;
    const cpuUntilShown = cpuSince(before, cpu());
    switchId = isOn ? id : undefined;
    const [pushedMs, toldMs] = [(await pushed) - clickedMs, (await told) - clickedMs];
    const times = { answeredMs, pushedMs, toldMs, knownMs, shownMs };
    if (flip >= 0) measured.push({ ...times, cpuUntilKnown, cpuUntilShown });
  }
  page.close();
  for (const observer of [atCollector, atConsole]) observer.close();
  process.stdout.write(`\n${reportOf(measured)}`);
}

async function trigger(): Promise<string> {
  const body = { projectId: PROJECT, scope: {}, reason: "a flip of the bench" };
  const { id } = (await askConsole(consoleApi, "POST", { path: SWITCHES, body })) as { id: string };
  return id;
}

async function release(id: string): Promise<string> {
  const body = { projectId: PROJECT, reason: "a flip of the bench" };
  await askConsole(consoleApi, "DELETE", { path: `${SWITCHES}/${id}`, body });
  return id;
}
