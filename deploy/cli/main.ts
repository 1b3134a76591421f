import process from "node:process";
import { doctorCommand } from "@lensai/instrumentation/doctor/doctor-command";
import { LensError } from "@lensai/otel-config/errors";
import { configError } from "../launcher/config-error.ts";
import { parseLauncherConfig } from "../launcher/launcher-config.ts";
import { findInstallation } from "../seed/installation.ts";
import type { Installation } from "../seed/installation.ts";
import { keysCommand } from "./keys-command.ts";
import { ledgerCommand } from "./ledger-command.ts";
import { runningConsole } from "./running-console.ts";

// The commands of packages that must not know each other: `doctor` is of the SDK, `ledger` and `keys` ask the console, all
// others are of the lake.
const [command, ...rest] = process.argv.slice(2);

if (command === "doctor") {
  process.exitCode = await doctorCommand(rest, {
    // Where it was called, and not where the package manager runs it.
    folder: process.env["INIT_CWD"] ?? process.cwd(),
    env: process.env,
    nodeVersion: process.version,
    write: (text) => void process.stdout.write(text),
  });
} else if (command === "ledger") {
  await orSayWhy(() => ledgerCommand(rest, { installation: thisInstallation, write }));
} else if (command === "keys") {
  await orSayWhy(async () => {
    process.exitCode = await keysCommand(rest, {
      console: () => runningConsole(process.env, process.env["INIT_CWD"] ?? process.cwd()),
      write,
      note: (text) => void process.stderr.write(text),
    });
  });
} else {
  await import("@lensai/analytics/cli/main");
  if (command === undefined || command.startsWith("-")) {
    process.stdout.write(
      "lensai doctor: what keeps an application's calls from being counted\n" +
        "lensai ledger rebuild: count the ledgers of budgets anew from the lake\n" +
        "lensai keys: list, create, rotate and revoke the API keys of a project\n",
    );
  }
}

function thisInstallation(): Installation {
  const { config, problems } = parseLauncherConfig(process.env, process.cwd());
  if (problems.length > 0) throw configError(problems);
  return findInstallation(config);
}

function write(text: string): void {
  process.stdout.write(text);
}

async function orSayWhy(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isExpected = error instanceof LensError && error.code !== "internal";
    process.stderr.write(`lensai: ${isExpected ? error.message : (error as Error).stack}\n`);
    process.exitCode = 1;
  }
}
