import process from "node:process";
import { doctorCommand } from "@lensai/instrumentation/doctor/doctor-command";

// The commands of two packages that must not know each other: `doctor` is of the SDK, all others are of the lake.
const [command, ...rest] = process.argv.slice(2);

if (command === "doctor") {
  process.exitCode = await doctorCommand(rest, {
    // Where it was called, and not where the package manager runs it.
    folder: process.env["INIT_CWD"] ?? process.cwd(),
    env: process.env,
    nodeVersion: process.version,
    write: (text) => void process.stdout.write(text),
  });
} else {
  await import("@lensai/analytics/cli/main");
  if (command === undefined || command.startsWith("-")) {
    process.stdout.write("lensai doctor: what keeps an application's calls from being counted\n");
  }
}
