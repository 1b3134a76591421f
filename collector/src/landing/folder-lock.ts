import { join } from "node:path";
import { tryLock } from "@lensai/analytics/object-store/process-lock";
import { LensError } from "@lensai/otel-config/errors";

/** Held by one process at a time; `release` is safe to call twice. */
export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a folder; that of a process that is gone is in nobody's way. Throws `config.invalid` when another
 * collector runs on the folder. Processes of different containers that share a volume cannot see each other: give each
 * its own data folder.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const lock = await tryLock(join(folder, "lock"));
  if (!("heldByPid" in lock)) return lock;
  throw new LensError(
    "config.invalid",
    `${folder} is in use by process ${lock.heldByPid}; stop that collector or set LENSAI_DATA_DIR to another folder`,
  );
}
