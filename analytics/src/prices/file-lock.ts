import { open, rm, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { LensError } from "@lensai/otel-config/errors";
import { errnoCode, isMissingFile } from "../object-store/file-error.ts";

/** Writing a file of overrides takes milliseconds; a lock this old was left by a process that died. */
const STALE_MS = 30_000;
const WAIT_MS = 10_000;
const PAUSE_MS = 20;

/**
 * Runs while no other process does the same for this path. The lock is a file beside it, made only when it
 * is not there. Rejects with `config.invalid` when another holds it for too long.
 */
export async function withFileLock<T>(path: string, run: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  const deadline = performance.now() + WAIT_MS;
  while (!(await take(lock))) {
    if (await isStale(lock)) await rm(lock, { force: true });
    else if (performance.now() > deadline) {
      throw new LensError(
        "config.invalid",
        `${path} is being written by another process: try again, or remove ${lock} when there is none`,
        { retryable: true },
      );
    } else await delay(PAUSE_MS);
  }
  try {
    return await run();
  } finally {
    await rm(lock, { force: true });
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, "wx");
    await file.close();
    return true;
  } catch (error) {
    if (errnoCode(error) === "EEXIST") return false;
    throw error;
  }
}

async function isStale(lock: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(lock);
    return Date.now() - mtimeMs > STALE_MS;
  } catch (error) {
    if (isMissingFile(error)) return false;
    throw error;
  }
}
