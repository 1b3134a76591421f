import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tryLock, type ProcessLock } from "@lensai/analytics/object-store/process-lock";
import { LensError } from "@lensai/otel-config/errors";
import { runProgram } from "./run-program.ts";
import { waitUntil } from "./wait-until.ts";

const BUILD_TIMEOUT_MS = 10 * 60_000;

export interface BuildOptions {
  /** Ends a build that is under way. */
  readonly signal: AbortSignal;
  /** Called before a build, so that the wait can be explained. */
  readonly onStart: () => void;
}

/** In a process that ends with it: 10 MB less of the one that then only waits. */
async function sourcesHash(root: string, signal: AbortSignal): Promise<string> {
  const { isSuccess, how, output } = await runProgram({
    command: process.execPath,
    args: ["--no-warnings", join(import.meta.dirname, "console-sources.ts"), root],
    options: { signal },
  });
  if (isSuccess) return output;
  throw new LensError("internal", `the console's sources could not be read (${how}):\n${output}`);
}

/**
 * Builds the console when there is no build or its sources changed since. Returns true when it built.
 * Two launchers of one checkout never build at once: the second waits for the first.
 */
export async function ensureConsoleBuild(root: string, options: BuildOptions): Promise<boolean> {
  const stampFile = join(root, "console/build/.sources");
  const wanted = await sourcesHash(root, options.signal);
  const isFresh = (): boolean =>
    existsSync(stampFile) && readFileSync(stampFile, "utf8") === wanted;
  if (isFresh()) return false;
  options.onStart();
  const lock = await takeBuildLock(join(root, "console/node_modules/.console-build.lock"));
  try {
    if (isFresh()) return false;
    await runBuild(join(root, "console"), options.signal);
    writeFileSync(stampFile, wanted);
    return true;
  } finally {
    await lock.release();
  }
}

async function takeBuildLock(file: string): Promise<ProcessLock> {
  let lock = await tryLock(file);
  await waitUntil(
    async () => {
      if ("heldByPid" in lock) lock = await tryLock(file);
      return !("heldByPid" in lock);
    },
    { timeoutMs: BUILD_TIMEOUT_MS, what: `another start to finish building the console (${file})` },
  );
  return lock as ProcessLock;
}

async function runBuild(consoleFolder: string, signal: AbortSignal): Promise<void> {
  const outcome = await runProgram({
    command: process.execPath,
    args: [join(consoleFolder, "node_modules/vite/bin/vite.js"), "build"],
    options: { cwd: consoleFolder, timeout: BUILD_TIMEOUT_MS, signal },
  });
  if (outcome.isSuccess) return;
  throw new LensError(
    "internal",
    `the console could not be built (vite ended with ${outcome.how}):\n${outcome.output}`,
  );
}
