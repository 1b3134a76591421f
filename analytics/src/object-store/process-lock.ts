import { randomInt } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { ownersOf, tryClaim } from "./claim-file.ts";

/**
 * A lock whose file names its holder by pid and start time, so that neither a crash nor a reused pid
 * keeps it closed. Processes of different containers that share a volume cannot see each other.
 */
export interface ProcessLock {
  /** True when an earlier holder died without releasing. */
  readonly wasStale: boolean;
  release(): Promise<void>;
}

/** Two who start at the same moment may both step back: each tries again after a pause of its own. */
const ATTEMPTS = 5;
const PAUSE_MS_MAX = 50;

/** Takes the lock, or returns the pid of the living process that holds it. */
export async function tryLock(file: string): Promise<ProcessLock | { readonly heldByPid: number }> {
  const owner = ownerOf(process.pid);
  let wasStale = false;
  for (let attempt = 1; ; attempt += 1) {
    const claim = await tryClaim(file, {
      owner,
      isGone: (other) => {
        const isGone = !isAlive(other);
        wasStale ||= isGone;
        return Promise.resolve(isGone);
      },
    });
    if (!("heldBy" in claim)) return { wasStale, release: () => claim.release() };
    if (attempt === ATTEMPTS) return { heldByPid: Number(claim.heldBy.split(".")[0]) };
    await delay(randomInt(PAUSE_MS_MAX));
  }
}

/** Notes that another process holds the lock until it ends. Returns a function that takes the note away. */
export function holdFor(file: string, pid: number): () => void {
  const claim = `${file}.${ownerOf(pid)}`;
  writeFileSync(claim, "", { mode: 0o600 });
  return () => rmSync(claim, { force: true });
}

/** Does a living process hold the lock? What others have left of it is removed. */
export async function isHeld(file: string): Promise<boolean> {
  const owners = await ownersOf(file);
  const living = owners.filter(isAlive);
  for (const owner of owners) {
    if (!living.includes(owner)) rmSync(`${file}.${owner}`, { force: true });
  }
  return living.length > 0;
}

const UNKNOWN = "unknown";

const ownerOf = (pid: number): string => `${pid}.${processStart(pid) ?? UNKNOWN}`;

function isAlive(owner: string): boolean {
  const [digits, start] = owner.split(".");
  const pid = Number(digits);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, under another account.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const startNow = processStart(pid);
  return startNow === undefined || start === UNKNOWN || startNow === start;
}

/**
 * The boot, and the clock ticks from it to the process's start (field 22 of /proc/<pid>/stat). Undefined where there is no
 * /proc, and like no other where the process has ended and only its parent has not noticed.
 */
function processStart(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in parentheses and may hold spaces: count from its end.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "ended" : `${boot}-${fields[19]}`;
  } catch {
    return undefined;
  }
}
