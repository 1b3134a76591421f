import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** The long promises of the collector, on real processes and disks: `pnpm test:bars`. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL(".", import.meta.url)),
    include: ["*.test.ts"],
    testTimeout: 120_000,
    // Much of it is waiting: for a disk that is full, a store that stalls, a client that is slow.
    maxWorkers: 2,
  },
});
