import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** The long promises of the collector, on real processes and disks: `pnpm test:bars`. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL(".", import.meta.url)),
    include: ["*.test.ts"],
    testTimeout: 120_000,
  },
});
