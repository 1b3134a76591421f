import { fileURLToPath } from "node:url";
import { LensError } from "@lensai/otel-config/errors";
import { listScenarios } from "./capture.ts";
import { CONFORMANCE_USAGE, parseConformanceOptions } from "./options.ts";
import type { ConformanceOptions } from "./options.ts";
import { scenarioDetail, totalsLine, verdictJson, verdictTable } from "./report.ts";
import { runScenarios } from "./run-scenario.ts";
import type { ScenarioResult } from "./run-scenario.ts";

/** Recorded by the project's own harness, and those that may lie beside the repository. */
const DEFAULT_FOLDERS: readonly string[] = [
  "../clients/captures",
  "../../../shared/fixtures/captures",
].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));

async function main(): Promise<number> {
  const options = parseConformanceOptions(process.argv.slice(2));
  if (options === "help") {
    process.stdout.write(CONFORMANCE_USAGE);
    return 0;
  }
  const results = await runAll(options);
  process.stdout.write(options.json ? `${verdictJson(results)}\n` : textOf(results, options));
  return results.some(({ verdict }) => verdict.grade === "wrong") ? 1 : 0;
}

async function runAll(options: ConformanceOptions): Promise<ScenarioResult[]> {
  const folders = options.folders.length > 0 ? options.folders : DEFAULT_FOLDERS;
  const scenarios = folders.flatMap((folder) => listScenarios(folder, options));
  if (scenarios.length === 0) {
    throw new LensError("config.invalid", `no scenario like that in ${folders.join(", ")}`);
  }
  let done = 0;
  return runScenarios(scenarios, () => {
    done += 1;
    if (process.stderr.isTTY) process.stderr.write(`\r${done}/${scenarios.length}\r`);
  });
}

function textOf(results: readonly ScenarioResult[], { scenario }: ConformanceOptions): string {
  const details = scenario === undefined ? [] : results.map((result) => scenarioDetail(result));
  return `${[...details, verdictTable(results), totalsLine(results)].join("\n\n")}\n`;
}

try {
  process.exitCode = await main();
} catch (error) {
  const message =
    error instanceof LensError ? `${error.code}: ${error.message}` : (error as Error).stack;
  process.stderr.write(`conformance: ${message}\n`);
  process.exitCode = 2;
}
