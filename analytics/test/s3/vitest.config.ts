import { defineConfig } from "vitest/config";

/** Run by `test:s3`, which starts the server and says where it is. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
