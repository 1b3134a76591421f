import { chmodSync, existsSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";

const MEMORY = "/dev/shm";
/** Several times what a run holds there at once. A container often has only 64 MiB. */
const FREE_BYTES_MIN = 4 * 1024 ** 3;

/**
 * Gives a test run, and every process that it starts, a folder for temporary files that is in memory and goes with the run:
 * tests write tens of thousands of small files, and flush most of them. Where there is no such place, or too little room
 * in it, they are where they would be otherwise. What a real disk does is for the tests of crashes.
 */
export function keepTemporaryFilesInMemory(): void {
  if (process.env["TMPDIR"] !== undefined || !hasRoom()) return;
  const folder = mkdtempSync(join(MEMORY, "lensai-tests-"));
  // PostgreSQL's account, where that is not ours, passes through it.
  chmodSync(folder, 0o755);
  process.env["TMPDIR"] = folder;
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
}

function hasRoom(): boolean {
  if (!existsSync(MEMORY)) return false;
  const { bavail, bsize } = statfsSync(MEMORY);
  return Math.min(bavail * bsize, freemem()) >= FREE_BYTES_MIN;
}
