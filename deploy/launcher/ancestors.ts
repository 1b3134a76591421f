import { readFileSync } from "node:fs";

/**
 * `npx pnpm start` puts up to four processes above the launcher, and a SIGTERM to the topmost one ends
 * some of them without a word to the rest. The launcher therefore watches that its line of package
 * managers and their shells stays whole; a shell or program of the user's above it is none of its business.
 */
export interface ProcessInfo {
  readonly pid: number;
  readonly parentPid: number;
  /** Arguments joined by spaces. */
  readonly commandLine: string;
}

const PACKAGE_MANAGER = /(^|[\s/])(npm|npx|pnpm)(-cli\.js|\.c?js|\.exe)?(\s|$)/;
const SHELL = /^(\S*\/)?(sh|dash|bash|ash) -c /;
/** Longer lines do not come from a package manager. */
const ANCESTORS_MAX = 8;

/** The contiguous package managers (and the shells between them) above `pid`, nearest first. */
export function packageManagersAbove(
  pid: number,
  look: (pid: number) => ProcessInfo | undefined,
): ProcessInfo[] {
  const line: ProcessInfo[] = [];
  let current = look(pid);
  while (current !== undefined && line.length < ANCESTORS_MAX) {
    current = look(current.parentPid);
    if (current === undefined) break;
    const isManager =
      PACKAGE_MANAGER.test(current.commandLine.slice(0, 200)) && !SHELL.test(current.commandLine);
    if (!isManager && !SHELL.test(current.commandLine)) break;
    line.push(current);
  }
  const last = line.findLastIndex((info) => !SHELL.test(info.commandLine));
  return line.slice(0, last + 1);
}

/** Reads /proc; undefined where there is none or the process is gone. */
export function lookAtProcess(pid: number): ProcessInfo | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const parentPid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return { pid, parentPid, commandLine };
  } catch {
    return undefined;
  }
}

const CHECK_INTERVAL_MS = 1000;

/** Calls back once when the line above breaks. Returns a function that stops watching. */
export function watchPackageManagers(onBroken: () => void): () => void {
  const line = packageManagersAbove(process.pid, lookAtProcess);
  if (line.length === 0) return () => undefined;
  const isWhole = (): boolean =>
    process.ppid === line[0]?.pid &&
    line.every((info, index) => {
      const above = line[index + 1];
      return above === undefined
        ? lookAtProcess(info.pid) !== undefined
        : lookAtProcess(info.pid)?.parentPid === above.pid;
    });
  const timer = setInterval(() => {
    if (isWhole()) return;
    clearInterval(timer);
    onBroken();
  }, CHECK_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
