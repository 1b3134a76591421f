import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { launched } from "../test/support/launched-stack.ts";
import { watchConsole } from "./console-page.ts";
import { monotonicMs } from "./messages.ts";
import type { FromClients } from "./messages.ts";

/**
 * From the click to the last process that knows, and to the last acknowledgement that the console shows: over the
 * whole product as `pnpm start` starts it (PostgreSQL with a durable commit, console, collector) and clients that
 * run the instrumentation's own code over real sockets.
 */
const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "1000" },
    processes: { type: "string", default: "4" },
    flips: { type: "string", default: "30" },
  },
});
const clients = Number(values.clients);
const processes = Number(values.processes);
const flips = Number(values.flips);
const perProcess = Math.ceil(clients / processes);

const PROJECT = "default";
/** What a process that asks once a second would need: between nothing and a second, evenly. */
const FLOOR_INTERVAL_MS = 1000;

interface Flip {
  /** From the click, each client. */
  readonly knownMs: readonly number[];
  readonly answeredMs: number;
  readonly shownMs: number;
}

const dataDir = mkdtempSync(path.join(tmpdir(), "lensai-kill-switch-"));
const token = randomBytes(16).toString("hex");
const stack = await launched(dataDir, { LENSAI_CONTROL_TOKEN: token });
const children: ChildProcess[] = [];
try {
  await run();
} finally {
  for (const child of children) child.kill();
  await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

async function run(): Promise<void> {
  let onApplied: ((message: Extract<FromClients, { kind: "applied" }>) => void) | undefined;
  const connected = Array.from({ length: processes }, () => {
    const child = fork(path.join(import.meta.dirname, "clients.ts"), [
      `${stack.otlpHttpUrl}/v1/control`,
      stack.apiKey,
    ]);
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

  const measured: Flip[] = [];
  let switchId: string | undefined;
  // The first two warm what is compiled on the way, and count for nothing.
  for (let flip = -2; flip < flips; flip += 1) {
    const isOn = switchId === undefined;
    const knownMs: number[] = [];
    const clickedMs = monotonicMs();
    const all = new Promise<void>((resolve) => {
      onApplied = ({ switches, atMs }) => {
        if (switches > 0 !== isOn) return;
        knownMs.push(...atMs.map((each) => each - clickedMs));
        if (knownMs.length === total) resolve();
      };
    });
    const shown = page.untilKnown(isOn ? "trigger" : "release", total);
    const id: string = isOn ? await trigger() : await release(switchId as string);
    const answeredMs = monotonicMs() - clickedMs;
    await all;
    const shownMs = (await shown) - clickedMs;
    switchId = isOn ? id : undefined;
    if (flip >= 0) measured.push({ knownMs, answeredMs, shownMs });
  }
  page.close();
  print(measured);
}

async function trigger(): Promise<string> {
  const body = { projectId: PROJECT, scope: {}, reason: "a flip of the bench" };
  const { id } = (await control("", "POST", body)) as { id: string };
  return id;
}

async function release(id: string): Promise<string> {
  await control(`/${id}`, "DELETE", { projectId: PROJECT, reason: "a flip of the bench" });
  return id;
}

async function control(suffix: string, method: string, body: object): Promise<unknown> {
  const response = await fetch(`${stack.consoleUrl}/internal/kill-switches${suffix}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok)
    throw new Error(`${method} answered ${response.status}: ${await response.text()}`);
  return response.status === 204 ? undefined : response.json();
}

function print(measured: readonly Flip[]): void {
  const lastKnown = measured.map(({ knownMs }) => Math.max(...knownMs));
  const rows: readonly (readonly [string, readonly number[]])[] = [
    ["click to answered (durable commit)", measured.map(({ answeredMs }) => answeredMs)],
    ["click to a process that knows", measured.flatMap(({ knownMs }) => knownMs)],
    ["click to the last process that knows", lastKnown],
    ["click to the last acknowledgement shown", measured.map(({ shownMs }) => shownMs)],
  ];
  process.stdout.write(
    `\n${"".padEnd(46)}${["p50", "p99", "max"].map((name) => name.padStart(12)).join("")}\n`,
  );
  for (const [name, times] of rows)
    process.stdout.write(
      line(name, [quantile(times, 0.5), quantile(times, 0.99), Math.max(...times)]),
    );
  const clientsKnown = perProcess * processes;
  // The largest of n even draws from an interval is n/(n+1) of it, on average.
  const floorLast = (FLOOR_INTERVAL_MS * clientsKnown) / (clientsKnown + 1);
  process.stdout.write(
    line("floor: asking once a second, a process", [
      FLOOR_INTERVAL_MS / 2,
      FLOOR_INTERVAL_MS * 0.99,
      FLOOR_INTERVAL_MS,
    ]) +
      line("floor: asking once a second, the last process", [
        floorLast,
        FLOOR_INTERVAL_MS,
        FLOOR_INTERVAL_MS,
      ]),
  );
  process.stdout.write(
    `\nthe last process knows ${(floorLast / quantile(lastKnown, 0.5)).toFixed(0)} times sooner than by asking once a second\n`,
  );
}

function line(name: string, times: readonly number[]): string {
  const cells = times.map((ms) => `${ms.toFixed(1)} ms`.padStart(12));
  return `${name.padEnd(46)}${cells.join("")}\n`;
}

function quantile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
