import { readFileSync, rmSync, writeFileSync } from "node:fs";

/**
 * A lock file that names its holder by pid and start time, so that neither a crash nor a reused pid
 * keeps it closed.
 */
export interface PidLock {
  /** True when an earlier holder died without releasing. */
  readonly wasStale: boolean;
  release(): void;
}

/** Takes the lock, or returns the pid of the living process that holds it. */
export function tryLock(file: string): PidLock | { readonly heldByPid: number } {
  const wasStale = removeStale(file);
  const own = `${process.pid} ${processStart(process.pid) ?? "unknown"}`;
  try {
    writeFileSync(file, `${own}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return { heldByPid: Number(readHolder(file)?.split(" ")[0]) };
  }
  return {
    wasStale,
    release: () => {
      if (readHolder(file) === own) rmSync(file, { force: true });
    },
  };
}

function removeStale(file: string): boolean {
  const [pid = "", start = ""] = readHolder(file)?.split(" ") ?? [];
  if (pid === "" || isAlive(Number(pid), start)) return false;
  rmSync(file, { force: true });
  return true;
}

function readHolder(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function isAlive(pid: number, start: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, under another account.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const startNow = processStart(pid);
  return startNow === undefined || start === "unknown" || startNow === start;
}

/** Field 22 of /proc/<pid>/stat: start time in clock ticks since boot. Undefined where there is no /proc. */
function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in parentheses and may hold spaces: count from its end.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
