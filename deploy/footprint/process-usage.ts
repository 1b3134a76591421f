import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { lookAtProcess } from "../launcher/ancestors.ts";

/** What one process uses. */
export interface ProcessUsage {
  readonly name: string;
  readonly rssBytes: number;
  /** Shared pages divided among those who share them: what the process really adds. */
  readonly pssBytes: number;
  /** Of one core, over the time that was measured. */
  readonly cpuPercent: number;
}

/** What /proc counts processor time in; 100 a second on every Linux that Node runs on. */
const MS_PER_TICK = 10;

/** What the process and everything below it use over so many seconds. Linux only: it reads /proc. */
export async function processUsages(rootPid: number, seconds: number): Promise<ProcessUsage[]> {
  const before = new Map(processTree(rootPid).map((pid) => [pid, cpuMs(pid)]));
  const startedAtMs = performance.now();
  await delay(seconds * 1000);
  const tookMs = performance.now() - startedAtMs;
  return processTree(rootPid).map((pid) => {
    const cpuPercent = (100 * (cpuMs(pid) - (before.get(pid) ?? 0))) / tookMs;
    const { rssBytes, pssBytes } = memoryOf(pid);
    return { name: nameOf(pid), rssBytes, pssBytes, cpuPercent };
  });
}

function memoryOf(pid: number): { rssBytes: number; pssBytes: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const bytes = (name: string): number =>
    1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(rollup)?.[1] ?? 0);
  return { rssBytes: bytes("Rss"), pssBytes: bytes("Pss") };
}

/** Processor time of all threads of a process, since it began. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return MS_PER_TICK * (Number(fields[11]) + Number(fields[12]));
}

/** The process and everything below it. */
export function processTree(rootPid: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => lookAtProcess(Number(name)) ?? []);
  const below = (pid: number): number[] => [
    pid,
    ...parents.filter((info) => info.parentPid === pid).flatMap((info) => below(info.pid)),
  ];
  return below(rootPid);
}

export function nameOf(pid: number): string {
  const command = lookAtProcess(pid)?.commandLine ?? "gone";
  if (command.includes("deploy/launcher/")) return "launcher";
  if (command.includes("collector/src/main.ts")) return "collector";
  if (command.includes("console/build/index.js")) return "console";
  if (command.startsWith("sh ")) return "guard";
  const postgres = /^(postgres: [a-z ]+|.*\/bin\/postgres)/.exec(command)?.[1];
  return postgres?.replace(/^.*\/bin\/postgres/, "postgres") ?? command.slice(0, 30);
}
