import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const PROPERTY_SEED = fileURLToPath(new URL("./deploy/tooling/property-seed.ts", import.meta.url));

const packageProject = (name: string) => ({
  test: {
    name,
    root: `./${name}`,
    include: ["test/**/*.test.ts"],
    setupFiles: [PROPERTY_SEED],
    exclude: ["test/bars/**", "test/crash/**", "test/s3/**", "**/node_modules/**"],
  },
});

export default defineConfig({
  test: {
    projects: [
      packageProject("otel-config"),
      packageProject("analytics"),
      packageProject("collector"),
      {
        test: {
          name: "deploy",
          root: "./deploy",
          include: ["test/**/*.test.ts", "tooling/**/*.test.ts"],
        },
      },
      "./console/vite.config.ts",
    ],
  },
});
