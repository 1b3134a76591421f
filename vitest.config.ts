import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./deploy/tooling/test-order.ts";

const PROPERTY_SEED = fileURLToPath(new URL("./deploy/tooling/property-seed.ts", import.meta.url));

/** A limit for what hangs, not a measure of speed: far above what any test needs on a busy machine. */
const TIMEOUT_MS = 60_000;

const shared = {
  testTimeout: TIMEOUT_MS,
  hookTimeout: TIMEOUT_MS,
  // Below the test's own limit, so that a wait that is in vain says what it waited for.
  expect: { poll: { timeout: TIMEOUT_MS / 2 } },
  setupFiles: [PROPERTY_SEED],
  // At least two: much of the time goes into waiting for disks, sockets and processes.
  maxWorkers: Math.max(2, availableParallelism() - 1),
};

const packageProject = (folder: string, { isolate }: { isolate: boolean }) => ({
  test: {
    ...shared,
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
      // The collector's files have processes, threads and listeners that could be in each other's way, the
      // instrumentation's change what is global.
      packageProject("otel-config", { isolate: false }),
      packageProject("analytics", { isolate: false }),
      packageProject("collector", { isolate: true }),
      packageProject("instrumentation", { isolate: true }),
      packageProject("adapters/langchain", { isolate: true }),
      packageProject("adapters/llamaindex", { isolate: true }),
      {
        test: {
          ...shared,
          name: "deploy",
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
