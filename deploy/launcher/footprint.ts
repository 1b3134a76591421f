import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lookAtProcess } from "./ancestors.ts";
import { dataFolderAt } from "./data-folder.ts";
import { parseLauncherConfig } from "./launcher-config.ts";

/**
 * Prints what the running installation of this data folder uses while nobody uses it: memory and processor time
 * per process over a minute. Linux only: it reads /proc.
 */

const SECONDS = Number(process.argv[2] ?? 60);
/** What /proc counts time in; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Usage {
  readonly rssKb: number;
  /** Shared pages divided among those who share them: what the process really adds. */
  readonly pssKb: number;
  readonly ticks: number;
}

function usageOf(pid: number): Usage {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(rollup)?.[1] ?? 0);
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    rssKb: kilobytes("Rss"),
    pssKb: kilobytes("Pss"),
    ticks: Number(fields[11]) + Number(fields[12]),
  };
}

/** The process and everything below it. */
function processTree(root: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => lookAtProcess(Number(name)) ?? []);
  const below = (pid: number): number[] => [
    pid,
    ...parents.filter((info) => info.parentPid === pid).flatMap((info) => below(info.pid)),
  ];
  return below(root);
}

function nameOf(pid: number): string {
  const command = lookAtProcess(pid)?.commandLine ?? "gone";
  if (command.includes("deploy/launcher/main.ts")) return "launcher";
  if (command.includes("collector/src/main.ts")) return "collector";
  if (command.includes("console/build/index.js")) return "console";
  if (command.startsWith("sh ")) return "guard";
  const postgres = /^(postgres: [a-z ]+|.*\/bin\/postgres)/.exec(command)?.[1];
  return postgres?.replace(/^.*\/bin\/postgres/, "postgres") ?? command.slice(0, 30);
}

const line = (cells: readonly string[]): string =>
  `${(cells[0] ?? "").padEnd(34)}${cells
    .slice(1)
    .map((cell) => cell.padStart(10))
    .join("")}\n`;
const megabytes = (kb: number): string => (kb / 1024).toFixed(1);
const percent = (ticks: number): string => ((100 * ticks) / TICKS_PER_SECOND / SECONDS).toFixed(2);

const { config } = parseLauncherConfig(process.env, process.cwd());
const lockFile = dataFolderAt(resolve(config.collector.dataDir)).lockFile;
const launcherPid = Number(readFileSync(lockFile, "utf8").split(" ")[0]);
const pids = processTree(launcherPid);
const before = new Map(pids.map((pid) => [pid, usageOf(pid).ticks]));
await delay(SECONDS * 1000);
let total: Usage = { rssKb: 0, pssKb: 0, ticks: 0 };
process.stdout.write(line(["process", "RSS MB", "PSS MB", "CPU %"]));
for (const pid of pids) {
  const usage = usageOf(pid);
  const ticks = usage.ticks - (before.get(pid) ?? 0);
  total = {
    rssKb: total.rssKb + usage.rssKb,
    pssKb: total.pssKb + usage.pssKb,
    ticks: total.ticks + ticks,
  };
  process.stdout.write(
    line([nameOf(pid), megabytes(usage.rssKb), megabytes(usage.pssKb), percent(ticks)]),
  );
}
process.stdout.write(
  line(["together", megabytes(total.rssKb), megabytes(total.pssKb), percent(total.ticks)]),
);
process.stdout.write(`processor time over ${SECONDS} s, in percent of one core\n`);
