import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ParsedSettings } from "./launcher-config.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `parseLauncherConfig` in a process that ends with it: what parses the settings takes a third of the memory of the one
 * that then only waits.
 */
export async function readSettings(
  environment: Environment,
  workingDir: string,
): Promise<ParsedSettings> {
  const program = ["--no-warnings", import.meta.filename];
  const options = { env: { ...environment }, cwd: workingDir };
  const { stdout } = await promisify(execFile)(process.execPath, program, options);
  return JSON.parse(stdout) as ParsedSettings;
}

if (import.meta.main) {
  const { parseLauncherConfig } = await import("./launcher-config.ts");
  process.stdout.write(JSON.stringify(parseLauncherConfig(process.env, process.cwd())));
}
