import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs, parseEnv } from "node:util";
import { LensError } from "@lensai/otel-config/errors";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment that the processes are started with: that of the launcher, and below it the values of the file that
 * `--env-file` names. Throws LensError `config.invalid` for any other argument and for a file that cannot be read.
 */
export function startEnvironment(
  argv: readonly string[],
  environment: Environment,
  workingDir: string,
): Environment {
  const envFile = envFileOf(argv);
  if (envFile === undefined) return environment;
  return { ...parseEnv(readEnvFile(resolve(workingDir, envFile))), ...environment };
}

function envFileOf(argv: readonly string[]): string | undefined {
  try {
    const { values } = parseArgs({ args: [...argv], options: { "env-file": { type: "string" } } });
    return values["env-file"];
  } catch (error) {
    throw new LensError(
      "config.invalid",
      `${(error as Error).message}; the only option is --env-file <file>, everything else is a setting in the environment`,
      { cause: error },
    );
  }
}

function readEnvFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new LensError(
      "config.invalid",
      `--env-file: ${path} cannot be read (${(error as NodeJS.ErrnoException).code}); name a file with NAME=value lines`,
      { cause: error },
    );
  }
}
