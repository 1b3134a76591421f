import { readFileSync } from "node:fs";

/** CPU time and memory of another process, all its threads, from /proc (Linux). */

/** USER_HZ is 100 on every Linux that Node runs on. */
const TICK_MICROS = 10_000;

export function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  // Fields 14 and 15 of proc(5), counted from the state, which is field 3.
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}

export function rssBytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? 0) * 1024;
}
