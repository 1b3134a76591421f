import { cpuMs, nameOf, processTree } from "../footprint/process-usage.ts";

/** Who works for a flip. */
export const WORKERS = ["console", "collector", "postgres", "clients"] as const;
type Worker = (typeof WORKERS)[number];
export type CpuByWorker = Readonly<Record<Worker, number>>;

/** Processor time in ms that each has used until now. What /proc counts in are 10 ms: sums of many flips are exact enough. */
export function cpuByWorker(stackPid: number, clientPids: readonly number[]): CpuByWorker {
  const used = { console: 0, collector: 0, postgres: 0, clients: 0 };
  for (const pid of processTree(stackPid)) {
    const worker = workerOf(nameOf(pid));
    if (worker !== undefined) used[worker] += cpuMs(pid);
  }
  for (const pid of clientPids) used.clients += cpuMs(pid);
  return used;
}

function workerOf(name: string): Worker | undefined {
  return WORKERS.find((worker) => name.startsWith(worker));
}

export function cpuSince(before: CpuByWorker, after: CpuByWorker): CpuByWorker {
  const entries = WORKERS.map((worker) => [worker, after[worker] - before[worker]] as const);
  return Object.fromEntries(entries) as CpuByWorker;
}
