import { mkdtempSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { LensError } from "@lensai/otel-config/errors";
import { totalsLine, verdictTable } from "../conformance/report.ts";
import { runScenarios } from "../conformance/run-scenario.ts";
import { writeGenerated } from "../tooling/write-generated.ts";
import type { Client } from "./harness/client.ts";
import { captureScenario } from "./harness/run-client.ts";
import { missingProgram, stageClient } from "./harness/stage.ts";
import { storeVerdicts } from "./harness/verdict-file.ts";
import { RUN_USAGE, parseRunOptions } from "./run-options.ts";
import type { RunOptions } from "./run-options.ts";

const CAPTURES = fileURLToPath(new URL("captures", import.meta.url));
const ISO_DATE_LENGTH = "2026-01-01".length;

async function main(): Promise<number> {
  const options = parseRunOptions(process.argv.slice(2));
  if (options === "help") {
    process.stdout.write(RUN_USAGE);
    return 0;
  }
  const isStored = options.versions.length === 0;
  const captures = isStored ? CAPTURES : mkdtempSync(path.join(os.tmpdir(), "lensai-captures-"));
  if (!options.isRecorded) {
    for (const client of options.clients) await record(client, options, captures);
  }
  const results = await runScenarios(
    options.clients.flatMap((client) =>
      scenariosOf(client, options).map((name) => ({
        client: client.name,
        name,
        folder: path.join(captures, client.name, name),
      })),
    ),
  );
  process.stdout.write(`\n${verdictTable(results)}\n\n${totalsLine(results)}\n`);
  process.stdout.write(`recorded in ${captures}\n`);
  if (isStored) {
    storeVerdicts("clients", results);
    for (const written of writeGenerated()) process.stdout.write(`wrote ${written}\n`);
  }
  return results.some(({ verdict }) => verdict.grade === "wrong") ? 1 : 0;
}

const scenariosOf = ({ scenarios }: Client, { scenario }: RunOptions): string[] =>
  scenarios.filter((name) => scenario === undefined || name === scenario);

async function record(client: Client, options: RunOptions, captures: string): Promise<void> {
  const missing = missingProgram(client);
  if (missing !== undefined) {
    process.stdout.write(
      `${client.name}: skipped, there is no ${missing} here; judged as recorded\n`,
    );
    return;
  }
  const staged = await stageClient(client, options.versions);
  const named = Object.entries(staged.versions).map(([name, version]) => `${name}@${version}`);
  process.stdout.write(`${client.name}: ${named.join(", ")}\n`);
  const date = new Date().toISOString().slice(0, ISO_DATE_LENGTH);
  for (const scenario of scenariosOf(client, options)) {
    process.stdout.write(`  ${scenario}\n`);
    const { name, otlp } = client;
    await captureScenario({ name, ...(otlp && { otlp }), staged, scenario, captures, date });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const message = error instanceof LensError ? `${error.code}: ${error.message}` : String(error);
  process.stderr.write(`clients: ${message}\n`);
  process.exitCode = 2;
}
