import { createDataFolder, type DataFolder } from "./data-folder.ts";
import { configError, type LauncherConfig } from "./launcher-config.ts";
import { tryLock, type PidLock } from "./pid-lock.ts";
import { choosePorts, type Ports } from "./ports.ts";
import { folderProblems, portProblems } from "./preflight.ts";
import { waitUntil } from "./wait-until.ts";

export interface PreparedFolder {
  readonly folder: DataFolder;
  readonly lock: PidLock;
  readonly ports: Ports;
}

/** The children of a launcher that was killed get this long to free their ports. */
const STALE_PATIENCE_MS = 20_000;

/**
 * Everything that can be known to be wrong before a process starts, in one LensError `config.invalid`.
 * `problems` are those found in the settings already. On return the data folder exists and is locked.
 */
export async function prepare(
  config: LauncherConfig,
  problems: readonly string[],
): Promise<PreparedFolder> {
  const unusable = folderProblems(config.collector.dataDir);
  if (unusable.length > 0) {
    throw configError([...problems, ...unusable, ...(await portProblems(config))]);
  }
  const folder = createDataFolder(config.collector.dataDir, process.getuid?.() === 0);
  const lock = tryLock(folder.lockFile);
  if ("heldByPid" in lock) {
    throw configError([
      ...problems,
      inUse(folder.path, lock.heldByPid),
      ...(await portProblems(config)),
    ]);
  }
  const all = [...problems, ...(await settledPortProblems(config, lock))];
  if (all.length === 0) return { folder, lock, ports: await choosePorts(config) };
  lock.release();
  throw configError(all);
}

async function settledPortProblems(config: LauncherConfig, lock: PidLock): Promise<string[]> {
  let found = await portProblems(config);
  if (!lock.wasStale || found.length === 0) return found;
  const isFree = async (): Promise<boolean> => {
    found = await portProblems(config);
    return found.length === 0;
  };
  // Still taken in the end: `found` says by which port.
  await waitUntil(isFree, { timeoutMs: STALE_PATIENCE_MS, what: "free ports" }).catch(
    () => undefined,
  );
  return found;
}

const inUse = (path: string, pid: number): string =>
  `LENSAI_DATA_DIR: ${path} is in use by a running LensAI (process ${pid}); stop it, or choose another folder and other ports`;
