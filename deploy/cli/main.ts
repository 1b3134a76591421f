import process from "node:process";
import { doctorCommand } from "@lensai/instrumentation/doctor/doctor-command";
import { LensError } from "@lensai/otel-config/errors";
import { keysCommand } from "./keys-command.ts";
import { ledgerCommand } from "./ledger-command.ts";
import { runningConsole, type RunningConsole } from "./running-console.ts";

// The commands of packages that must not know each other: `doctor` is of the SDK, `ledger` and `keys` ask the console, all
// others are of the lake.
const [command, ...rest] = process.argv.slice(2);

if (command === "doctor") {
  process.exitCode = await doctorCommand(rest, {
    folder: process.env["INIT_CWD"] ?? process.cwd(),
    env: process.env,
    nodeVersion: process.version,
    write: (text) => void process.stdout.write(text),
  });
} else if (command === "ledger") {
  await orSayWhy(() => ledgerCommand(rest, { console: meantConsole, write }));
} else if (command === "keys") {
  await orSayWhy(async () => {
    process.exitCode = await keysCommand(rest, {
      console: meantConsole,
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

/** From where it was called, and not from where the package manager runs it. */
function meantConsole(): RunningConsole {
  return runningConsole(process.env, process.env["INIT_CWD"] ?? process.cwd());
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
