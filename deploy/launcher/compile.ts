import { globSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Reads every file that the processes of an installation are made of, so that their compiled form is in the folder that
 * NODE_COMPILE_CACHE names. None of them does anything when it is read.
 */
const ROOT = join(import.meta.dirname, "../..");
const MODULES = [
  "deploy/launcher/{main,launcher-config,console-sources}.ts",
  "collector/src/{main,config}.ts",
  "collector/src/landing/lander-worker.ts",
  "{otel-config,analytics}/src/!(cli)/**/*.ts",
  "otel-config/src/*.ts",
];

for (const file of globSync(MODULES, { cwd: ROOT })) {
  await import(pathToFileURL(join(ROOT, file)).href);
}
