import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { isAbsent } from "./disk.ts";

/** Held by one process at a time; `release` is safe to call twice. */
export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a folder: a file that names its owner. The lock of a process that is gone is taken
 * over; where /proc exists, a process that merely got the dead owner's number does not count as the owner.
 * Throws `config.invalid` when another collector runs on the folder. Processes of different containers
 * that share a volume cannot see each other: give each its own data folder.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, LOCK_NAME);
  const own = JSON.stringify({ pid: process.pid, startedAt: await startOf(process.pid) });
  const claim = `${path}.${process.pid}`;
  await writeFile(claim, own, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < TAKEOVERS_MAX; attempt += 1) {
      if (await claimLock(claim, path)) return createLock(path, own);
      await removeStale(path, folder);
    }
  } finally {
    await rm(claim, { force: true });
  }
  throw inUse(folder, "other processes");
}

const LOCK_NAME = "lock";
/** A lock file can vanish or appear between two steps; more often than this is not a coincidence. */
const TAKEOVERS_MAX = 10;

/** link(2) fails when the name exists, and the file is complete when the name appears. */
async function claimLock(claim: string, path: string): Promise<boolean> {
  try {
    await link(claim, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

async function removeStale(path: string, folder: string): Promise<void> {
  const held = await readOrNothing(path);
  if (held === undefined) return;
  const owner = parseOwner(held);
  if (owner !== undefined && (await isRunning(owner))) throw inUse(folder, `process ${owner.pid}`);
  const aside = `${path}.stale.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isAbsent(error)) return;
    throw error;
  }
  // Another newcomer may have taken over in between: then its lock was moved, and goes back.
  if ((await readOrNothing(aside)) !== held) await rename(aside, path);
  else await rm(aside, { force: true });
}

function createLock(path: string, own: string): FolderLock {
  return {
    release: async () => {
      if ((await readOrNothing(path)) === own) await rm(path, { force: true });
    },
  };
}

interface Owner {
  readonly pid: number;
  readonly startedAt: string | undefined;
}

function parseOwner(text: string): Owner | undefined {
  try {
    const value = JSON.parse(text) as Partial<Owner> | null;
    if (typeof value?.pid !== "number") return undefined;
    return { pid: value.pid, startedAt: value.startedAt };
  } catch {
    return undefined; // not written by us, or cut off: nobody holds it
  }
}

async function isRunning(owner: Owner): Promise<boolean> {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
  }
  return owner.startedAt === undefined || (await startOf(owner.pid)) === owner.startedAt;
}

/** Start time of a process in clock ticks since boot (proc(5), field 22), with the boot it belongs to. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readOrNothing(`/proc/${pid}/stat`);
  const boot = await readOrNothing("/proc/sys/kernel/random/boot_id");
  if (stat === undefined || boot === undefined) return undefined;
  const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (afterName[0] === "Z") return undefined; // dead, only its parent has not noticed yet
  return `${boot.trim()}/${afterName[19] ?? ""}`;
}

async function readOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined; // absent, or of a process that may not be looked at
  }
}

function inUse(folder: string, owner: string): LensError {
  return new LensError(
    "config.invalid",
    `${folder} is in use by ${owner}; stop that collector or set LENSAI_DATA_DIR to another folder`,
  );
}
