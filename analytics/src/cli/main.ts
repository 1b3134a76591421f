import { userInfo } from "node:os";
import { LensError } from "@lensai/otel-config/errors";
import { runCli } from "./run-cli.ts";

try {
  await runCli(process.argv.slice(2), {
    environment: process.env,
    workingDir: process.cwd(),
    userName: userInfo().username,
    now: () => new Date(),
    write: (text) => void process.stdout.write(text),
    fail: () => {
      process.exitCode = 1;
    },
  });
} catch (error) {
  const isExpected = error instanceof LensError && error.code !== "internal";
  process.stderr.write(`lensai: ${isExpected ? error.message : (error as Error).stack}\n`);
  process.exitCode = 1;
}
