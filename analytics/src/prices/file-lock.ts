import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { LensError } from "@lensai/otel-config/errors";
import { tryClaim } from "../object-store/claim-file.ts";
import { isMissingFile } from "../object-store/file-error.ts";

/** Writing a file of overrides takes milliseconds; a claim this old was left by a process that died. */
const STALE_MS = 30_000;
const WAIT_MS = 10_000;
/** Not the same for all who wait, so that they do not meet again. */
const PAUSE_MS_MAX = 40;
const OWNER_RANDOM_BYTES = 8;

/**
 * Runs while no other process does the same for this path. Its claim is a file beside it. Rejects with
 * `config.invalid` when another holds it for too long.
 */
export async function withFileLock<T>(path: string, run: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  const owner = randomBytes(OWNER_RANDOM_BYTES).toString("hex");
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const claim = await tryClaim(lock, { owner, isGone: (_, file) => isStale(file) });
    if ("heldBy" in claim) {
      if (performance.now() > deadline) throw heldTooLong(path, `${lock}.${claim.heldBy}`);
      await delay(Math.random() * PAUSE_MS_MAX);
      continue;
    }
    try {
      return await run();
    } finally {
      await claim.release();
    }
  }
}

async function isStale(file: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(file);
    return Date.now() - mtimeMs > STALE_MS;
  } catch (error) {
    if (isMissingFile(error)) return true; // released meanwhile
    throw error;
  }
}

const heldTooLong = (path: string, file: string): LensError =>
  new LensError(
    "config.invalid",
    `${path} is being written by another process: try again, or remove ${file} when there is none`,
    { retryable: true },
  );
