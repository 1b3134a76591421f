import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** The long crash test: `pnpm test:crash`. A short one runs with the collector's other tests. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL(".", import.meta.url)),
    include: ["*.test.ts"],
    testTimeout: 600_000, // up to three minutes each on an idle machine
    // All at once: killed processes wait for disks, and the bucket for a client's minute.
    maxWorkers: 3,
  },
});
