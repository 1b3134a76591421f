import { join } from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { watchPackageManagers } from "./ancestors.ts";
import { startGuard } from "./guard.ts";
import { keepLogsLimited } from "./log-limit.ts";
import { prepare } from "./prepare.ts";
import { readSettings } from "./read-settings.ts";
import { readyBlock } from "./ready-block.ts";
import { createStack, type Stack } from "./stack.ts";
import { startEnvironment } from "./start-options.ts";

const ROOT = join(import.meta.dirname, "../..");

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Settles with the reason when somebody wants the end. A second signal changes nothing: stopping is bounded. */
function stopRequest(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => resolve(signal));
    }
    watchPackageManagers(() => resolve("the package manager that ran this is gone"));
  });
}

/** Starts the stack and waits for its end. Throws LensError when it could not start or a part of it died. */
async function runStack(stack: Stack): Promise<string> {
  const asked = stopRequest();
  const failed = stack.failed.then((message) => {
    throw new LensError("internal", message);
  });
  const facts = await Promise.race([stack.start(), failed, asked]);
  if (typeof facts === "string") return facts;
  say(readyBlock(facts, process.cwd()));
  return Promise.race([failed, asked]);
}

async function runInstallation(): Promise<void> {
  const environment = startEnvironment(process.argv.slice(2), process.env, process.cwd());
  const settings = await readSettings(environment, process.cwd());
  const { config } = settings;
  const { folder, lock, ports } = await prepare(settings);
  const guard = startGuard(folder.guardFile);
  const stopLimiting = keepLogsLimited(folder.logs);
  const stack = createStack(config, {
    root: ROOT,
    folder,
    ports,
    guard,
    environment,
    say,
  });
  try {
    say(`stopping: ${await runStack(stack)}`);
  } finally {
    await stack.stop();
    stopLimiting();
    guard.dismiss();
    await lock.release();
  }
  say("stopped");
}

/** Runs an installation to its end, and ends the process. */
export async function main(): Promise<void> {
  try {
    await runInstallation();
    process.exit(0);
  } catch (error) {
    const message = error instanceof LensError ? `${error.code}: ${error.message}` : String(error);
    process.stderr.write(`\nLensAI ${message}\n`);
    process.exit(1);
  }
}

if (import.meta.main) await main();
