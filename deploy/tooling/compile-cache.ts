import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../node_modules/.cache/node-compile", import.meta.url));

/**
 * Keeps the compiled form of modules for the workers of a test run, their threads and every process that a test
 * starts: compiling our sources is most of what starting one costs, and a run starts hundreds.
 */
export function keepCompiledCode(): void {
  process.env["NODE_COMPILE_CACHE"] ??= FOLDER;
}
