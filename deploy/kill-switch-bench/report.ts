import { WORKERS } from "./cpu-ledger.ts";
import type { CpuByWorker } from "./cpu-ledger.ts";

/** One change of a switch; times in ms from the click. */
export interface Flip {
  /** By the console, after its durable commit. */
  readonly answeredMs: number;
  /** The snapshot with the change has left the console, signed. */
  readonly pushedMs: number;
  /** The collector has told the first of its streams: it has verified the snapshot and made the policy. */
  readonly toldMs: number;
  /** Each client. */
  readonly knownMs: readonly number[];
  /** The console's page shows the last acknowledgement. */
  readonly shownMs: number;
  readonly cpuUntilKnown: CpuByWorker;
  readonly cpuUntilShown: CpuByWorker;
}

/** What a process that asks once a second would need: between nothing and a second, evenly. */
const FLOOR_INTERVAL_MS = 1000;
const LAST_KNOWN_MS_MAX = 100;
const LAST_SHOWN_MS_MAX = 500;

export function reportOf(flips: readonly Flip[]): string {
  const clients = flips[0]?.knownMs.length ?? 0;
  const lastKnown = flips.map(({ knownMs }) => Math.max(...knownMs));
  const shown = flips.map(({ shownMs }) => shownMs);
  // The largest of n even draws from an interval is n/(n+1) of it, on average.
  const floorLast = (FLOOR_INTERVAL_MS * clients) / (clients + 1);
  const lines = [
    header(["p50", "p99", "max"]),
    row(
      "click to answered (durable commit)",
      flips.map(({ answeredMs }) => answeredMs),
    ),
    row(
      "click to the snapshot, signed, on its way",
      flips.map(({ pushedMs }) => pushedMs),
    ),
    row(
      "click to the first process told",
      flips.map(({ toldMs }) => toldMs),
    ),
    row(
      "click to a process that knows",
      flips.flatMap(({ knownMs }) => knownMs),
    ),
    row("click to the last process that knows", lastKnown),
    row("click to the last acknowledgement shown", shown),
    line("floor: asking once a second, a process", [
      FLOOR_INTERVAL_MS / 2,
      FLOOR_INTERVAL_MS * 0.99,
      FLOOR_INTERVAL_MS,
    ]),
    line("floor: asking once a second, the last process", [
      floorLast,
      FLOOR_INTERVAL_MS,
      FLOOR_INTERVAL_MS,
    ]),
    "",
    verdict("the last process knows, p99", quantile(lastKnown, 0.99), LAST_KNOWN_MS_MAX),
    verdict("the last acknowledgement is shown, p99", quantile(shown, 0.99), LAST_SHOWN_MS_MAX),
    `the last process knows ${(floorLast / quantile(lastKnown, 0.5)).toFixed(0)} times sooner than by asking once a second`,
    "",
    "processor time per flip; the clients are on this machine, and are not part of the product",
    header(WORKERS),
    cpuRow(
      "until the last process knows",
      flips.map(({ cpuUntilKnown }) => cpuUntilKnown),
    ),
    cpuRow(
      "until the last acknowledgement is shown",
      flips.map(({ cpuUntilShown }) => cpuUntilShown),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function verdict(what: string, ms: number, msMax: number): string {
  return `${ms < msMax ? "holds: " : "FAILS: "} ${what} < ${msMax} ms: ${ms.toFixed(1)} ms`;
}

const NAME_WIDTH = 46;
const CELL_WIDTH = 12;

const header = (names: readonly string[]): string =>
  "".padEnd(NAME_WIDTH) + names.map((name) => name.padStart(CELL_WIDTH)).join("");

const row = (name: string, times: readonly number[]): string =>
  line(name, [quantile(times, 0.5), quantile(times, 0.99), Math.max(...times)]);

const cpuRow = (name: string, used: readonly CpuByWorker[]): string =>
  line(
    name,
    WORKERS.map((worker) => used.reduce((sum, each) => sum + each[worker], 0) / used.length),
  );

function line(name: string, times: readonly number[]): string {
  const cells = times.map((ms) => `${ms.toFixed(1)} ms`.padStart(CELL_WIDTH));
  return name.padEnd(NAME_WIDTH) + cells.join("");
}

function quantile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
