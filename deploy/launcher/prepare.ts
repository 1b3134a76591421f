import { isHeld, tryLock, type ProcessLock } from "@lensai/analytics/object-store/process-lock";
import { configError } from "./config-error.ts";
import { createDataFolder, type DataFolder } from "./data-folder.ts";
import type { LauncherConfig, ParsedSettings } from "./launcher-config.ts";
import { choosePorts, type Ports } from "./ports.ts";
import { portProblems } from "./port-problems.ts";
import { waitUntil } from "./wait-until.ts";

export interface PreparedFolder {
  readonly folder: DataFolder;
  readonly lock: ProcessLock;
  readonly ports: Ports;
}

/** The children of a launcher that was killed get this long to end and to free their ports: longer than its guard gives them. */
const STALE_PATIENCE_MS = 20_000;

/**
 * Everything that can be known to be wrong before a process starts, in one LensError `config.invalid`.
 * On return the data folder exists and is locked.
 */
export async function prepare({ config, problems }: ParsedSettings): Promise<PreparedFolder> {
  const opened = await openDataFolder(config.collector.dataDir);
  if ("problem" in opened) {
    throw configError(merged(problems, [opened.problem, ...(await portProblems(config))]));
  }
  const { folder, lock } = opened;
  if (lock.wasStale) await untilGuardHasEnded(folder);
  const all = merged(problems, await settledPortProblems(config, lock));
  if (all.length === 0) return { folder, lock, ports: await choosePorts(config) };
  await lock.release();
  throw configError(all);
}

const nameOf = (problem: string): string => problem.slice(0, problem.indexOf(":"));

/** What the machine says about a setting that is wrong anyway would only confuse. */
function merged(problems: readonly string[], ofMachine: readonly string[]): string[] {
  const wrong = new Set(problems.map(nameOf));
  return [...problems, ...ofMachine.filter((problem) => !wrong.has(nameOf(problem)))];
}

type OpenedFolder =
  | { readonly folder: DataFolder; readonly lock: ProcessLock }
  | { readonly problem: string };

/** Creating and locking it is the only honest test of whether it can be used. */
async function openDataFolder(path: string): Promise<OpenedFolder> {
  try {
    const folder = createDataFolder(path, process.getuid?.() === 0);
    const lock = await tryLock(folder.lockFile);
    return "heldByPid" in lock ? { problem: inUse(folder.path, lock.heldByPid) } : { folder, lock };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return {
      problem: `LENSAI_DATA_DIR: ${path} cannot be written (${code}); choose another folder or change its owner`,
    };
  }
}

/** What it still stops would hold the data that the new processes need. In the end they are started, and say what is wrong. */
async function untilGuardHasEnded({ guardFile }: DataFolder): Promise<void> {
  const hasEnded = async (): Promise<boolean> => !(await isHeld(guardFile));
  await waitUntil(hasEnded, {
    timeoutMs: STALE_PATIENCE_MS,
    what: "an earlier start to end",
  }).catch(() => undefined);
}

async function settledPortProblems(config: LauncherConfig, lock: ProcessLock): Promise<string[]> {
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
