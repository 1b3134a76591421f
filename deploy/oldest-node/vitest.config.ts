import { defineConfig } from "vitest/config";

/** The published instrumentation on the oldest Node that it supports: needs one, so it is not part of `pnpm test`. */
export default defineConfig({
  test: {
    name: "oldest-node",
    root: import.meta.dirname,
    include: ["*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
