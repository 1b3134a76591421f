import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { keepCompiledCode } from "./deploy/tooling/compile-cache.ts";
import { keepTemporaryFilesInMemory } from "./deploy/tooling/memory-folder.ts";
import { LongestFirst } from "./deploy/tooling/test-order.ts";

const fileAt = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const PROPERTY_SEED = fileAt("./deploy/tooling/property-seed.ts");
const FRESH_GLOBALS = fileAt("./instrumentation/test/support/fresh-globals.ts");

keepCompiledCode();
keepTemporaryFilesInMemory();

/**
 * A limit for what hangs, not a measure of speed: far above what any test needs on a machine that does much else. No
 * file sets a shorter one.
 */
const TIMEOUT_MS = 180_000;

const shared = {
  testTimeout: TIMEOUT_MS,
  hookTimeout: TIMEOUT_MS,
  // Below the test's own limit, so that a wait that is in vain says what it waited for.
  expect: { poll: { timeout: TIMEOUT_MS / 3 } },
  setupFiles: [PROPERTY_SEED],
  // One more than two cores have: much of the time goes into waiting for disks, sockets and processes.
  maxWorkers: Math.max(3, availableParallelism() - 1),
  // A tenth less CPU: what a test leaves behind is collected less often than a nursery that begins with 1 MB asks for.
  execArgv: ["--min-semi-space-size=16", "--max-semi-space-size=32"],
};

/** Node runs our sources as they are: only the console needs Vite, for its components. */
const asNodeDoes = { experimental: { viteModuleRunner: false, nodeLoader: false } };

interface ProjectOptions {
  /** Starts a process for each file: for those that change what is global and cannot take it back. */
  readonly isolate?: boolean;
  readonly setupFiles?: readonly string[];
}

const packageProject = (
  folder: string,
  { isolate = false, setupFiles = [] }: ProjectOptions = {},
) => ({
  test: {
    ...shared,
    ...asNodeDoes,
    setupFiles: [...shared.setupFiles, ...setupFiles],
    name: folder.split("/").at(-1) ?? folder,
    isolate,
    root: `./${folder}`,
    include: ["test/**/*.test.ts"],
    exclude: ["test/bars/**", "test/crash/**", "test/s3/**", "**/node_modules/**"],
  },
});

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      packageProject("otel-config"),
      packageProject("analytics"),
      packageProject("collector"),
      packageProject("instrumentation", { setupFiles: [FRESH_GLOBALS] }),
      packageProject("adapters/langchain", { isolate: true }),
      packageProject("adapters/llamaindex", { isolate: true }),
      {
        test: {
          ...shared,
          ...asNodeDoes,
          name: "deploy",
          isolate: false,
          root: "./deploy",
          include: ["test/**/*.test.ts", "tooling/**/*.test.ts"],
        },
      },
      {
        extends: "./console/vite.config.ts",
        test: { ...shared, name: "console", root: "./console", isolate: false },
      },
    ],
  },
});
