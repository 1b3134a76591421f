import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { LensError } from "@lensai/otel-config/errors";
import type { CollectorConfig } from "./config.ts";

type Environment = Readonly<Record<string, string | undefined>>;

type Answer = { readonly config: CollectorConfig } | { readonly problems: string };

/**
 * `parseConfig` in a process that ends with it, and throws what that throws: what parses the settings would stay in the
 * memory of this one, 16 MB that nobody needs again.
 */
export async function readConfig(
  environment: Environment,
  workingDir: string,
): Promise<CollectorConfig> {
  const program = ["--no-warnings", import.meta.filename];
  const options = { env: { ...environment }, cwd: workingDir };
  const { stdout } = await promisify(execFile)(process.execPath, program, options);
  const given = JSON.parse(stdout) as Answer;
  if ("config" in given) return given.config;
  throw new LensError("config.invalid", given.problems);
}

/** Values that are not set are absent in JSON: the same for whoever reads them. */
async function answer(): Promise<Answer> {
  const { parseConfig } = await import("./config.ts");
  try {
    return { config: parseConfig(process.env, process.cwd()) };
  } catch (error) {
    if (error instanceof LensError && error.code === "config.invalid") {
      return { problems: error.message };
    }
    throw error;
  }
}

if (import.meta.main) process.stdout.write(JSON.stringify(await answer()));
