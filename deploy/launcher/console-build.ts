import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { tryLock, type PidLock } from "./pid-lock.ts";
import { runProgram } from "./run-program.ts";
import { waitUntil } from "./wait-until.ts";

/** What the build is made of: a change in any of these files, or of those below these folders, makes a new one necessary. */
const SOURCES = [
  "analytics/src",
  "console/content",
  "console/package.json",
  "console/src",
  "console/static",
  "console/tsconfig.json",
  "console/vite.config.ts",
  "otel-config/src",
  "pnpm-lock.yaml",
];

const BUILD_TIMEOUT_MS = 10 * 60_000;

export interface BuildOptions {
  /** Ends a build that is under way. */
  readonly signal: AbortSignal;
  /** Called before a build, so that the wait can be explained. */
  readonly onStart: () => void;
}

/** Hash over names and contents of the console's sources. */
function sourcesHash(root: string): string {
  const hash = createHash("sha256");
  for (const file of SOURCES.flatMap((source) => filesOf(join(root, source)))) {
    hash.update(relative(root, file)).update("\0").update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** Not with `globSync`: its patterns would stay in the memory of a process that then waits, 12 MB. */
function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/**
 * Builds the console when there is no build or its sources changed since. Returns true when it built.
 * Two launchers of one checkout never build at once: the second waits for the first.
 */
export async function ensureConsoleBuild(root: string, options: BuildOptions): Promise<boolean> {
  const stampFile = join(root, "console/build/.sources");
  const wanted = sourcesHash(root);
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
    lock.release();
  }
}

async function takeBuildLock(file: string): Promise<PidLock> {
  let lock = tryLock(file);
  await waitUntil(
    () => {
      if ("heldByPid" in lock) lock = tryLock(file);
      return Promise.resolve(!("heldByPid" in lock));
    },
    { timeoutMs: BUILD_TIMEOUT_MS, what: `another start to finish building the console (${file})` },
  );
  return lock as PidLock;
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
