import { LensError } from "@lensai/otel-config/errors";
import { configError } from "../launcher/config-error.ts";
import { parseLauncherConfig } from "../launcher/launcher-config.ts";
import { findInstallation } from "./installation.ts";
import { createProgress } from "./progress.ts";
import { runSeed } from "./run-seed.ts";
import { parseSeedOptions, SEED_USAGE } from "./seed-options.ts";
import { summaryText } from "./summary.ts";

const COLUMNS_WITHOUT_TERMINAL = 80;

async function main(): Promise<void> {
  const options = parseSeedOptions(process.argv.slice(2));
  if (options === "help") {
    process.stdout.write(SEED_USAGE);
    return;
  }
  const { config, problems } = parseLauncherConfig(process.env, process.cwd());
  if (problems.length > 0) throw configError(problems);
  const installation = findInstallation(config);
  const sink = {
    isTerminal: process.stdout.isTTY,
    columns: process.stdout.columns ?? COLUMNS_WITHOUT_TERMINAL,
    write: (text: string): void => void process.stdout.write(text),
  };
  const interruption = new AbortController();
  process.once("SIGINT", () => interruption.abort(interrupted()));
  const result = await runSeed({
    options,
    installation,
    untilMs: Date.now(),
    startProgress: (days) => createProgress(sink, days),
    signal: interruption.signal,
  });
  process.stdout.write(summaryText(result, installation.consoleUrl));
}

const interrupted = (): LensError =>
  new LensError("internal", "interrupted; what was sent until then stays");

try {
  await main();
} catch (error) {
  const message = error instanceof LensError ? `${error.code}: ${error.message}` : String(error);
  process.stderr.write(`\nseed: ${message}\n`);
  process.exit(1);
}
