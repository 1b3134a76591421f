import { defineConfig } from "vitest/config";

/** The browser test: needs chromium, so it is not part of `pnpm test`. */
export default defineConfig({
  test: {
    name: "e2e",
    root: import.meta.dirname,
    include: ["*.test.ts"],
    testTimeout: 60_000,
    // The first start may have to build the console.
    hookTimeout: 300_000,
    // One story in several tests: each goes on where the last one ended.
    sequence: { concurrent: false },
  },
});
