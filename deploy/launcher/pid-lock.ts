import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { tryClaim } from "@lensai/analytics/object-store/claim-file";

/**
 * A lock whose file names its holder by pid and start time, so that neither a crash nor a reused pid
 * keeps it closed.
 */
export interface PidLock {
  /** True when an earlier holder died without releasing. */
  readonly wasStale: boolean;
  release(): Promise<void>;
}

/** Two who start at the same moment may both step back: each tries again after a pause of its own. */
const ATTEMPTS = 5;
const PAUSE_MS_MAX = 50;

/** Takes the lock, or returns the pid of the living process that holds it. */
export async function tryLock(file: string): Promise<PidLock | { readonly heldByPid: number }> {
  const owner = `${process.pid}.${processStart(process.pid) ?? UNKNOWN}`;
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
    if (!("heldBy" in claim)) return { wasStale, release: claim.release };
    if (attempt === ATTEMPTS) return { heldByPid: Number(claim.heldBy.split(".")[0]) };
    await delay(randomInt(PAUSE_MS_MAX));
  }
}

const UNKNOWN = "unknown";

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
