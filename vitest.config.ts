import { defineConfig } from "vitest/config";

const packageProject = (name: string) => ({
  test: {
    name,
    root: `./${name}`,
    include: ["test/**/*.test.ts"],
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
