import { mkdtempSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { LensError } from "@lensai/otel-config/errors";
import { totalsLine, verdictTable } from "../conformance/report.ts";
import { runScenario } from "../conformance/run-scenario.ts";
import type { ScenarioResult } from "../conformance/run-scenario.ts";
import { CLIENTS } from "./harness/client-list.ts";
import type { Client } from "./harness/client-list.ts";
import { captureScenario } from "./harness/run-client.ts";
import { stageClient } from "./harness/stage.ts";
import { storeVerdicts } from "./harness/verdict-file.ts";

const USAGE = `usage: npx pnpm@12 clients:run <client>... | all [options]

Installs published instrumentation, lets it call a fake provider, and compares what it sends with the provider's log.

  --version <package>@<version>   another version than the recorded one (can be repeated); nothing is stored
  --scenario <name>               only this scenario

Clients: ${CLIENTS.map(({ name }) => name).join(", ")}
`;

const CAPTURES = fileURLToPath(new URL("captures", import.meta.url));
const ISO_DATE_LENGTH = "2026-01-01".length;

interface RunOptions {
  readonly clients: readonly Client[];
  readonly versions: readonly string[];
  readonly scenario: string | undefined;
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  const isStored = options.versions.length === 0;
  const captures = isStored ? CAPTURES : mkdtempSync(path.join(os.tmpdir(), "lensai-captures-"));
  const results: ScenarioResult[] = [];
  for (const client of options.clients) {
    const found = await runClient(client, { ...options, captures });
    results.push(...found);
  }
  process.stdout.write(`\n${verdictTable(results)}\n\n${totalsLine(results)}\n`);
  process.stdout.write(`recorded in ${captures}\n`);
  return results.some(({ verdict }) => verdict.grade === "wrong") ? 1 : 0;
}

async function runClient(
  client: Client,
  { versions, scenario, captures }: RunOptions & { readonly captures: string },
): Promise<ScenarioResult[]> {
  const staged = await stageClient(client, versions);
  const named = Object.entries(staged.versions).map(([name, version]) => `${name}@${version}`);
  process.stdout.write(`${client.name}: ${named.join(", ")}\n`);
  const date = new Date().toISOString().slice(0, ISO_DATE_LENGTH);
  const results: ScenarioResult[] = [];
  for (const name of client.scenarios) {
    if (scenario !== undefined && name !== scenario) continue;
    process.stdout.write(`  ${name}\n`);
    const folder = await captureScenario({ client, staged, scenario: name, captures, date });
    results.push(await runScenario({ client: client.name, name, folder }));
  }
  if (versions.length === 0) storeVerdicts(results);
  return results;
}

function parseOptions(argv: readonly string[]): RunOptions | "help" {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      version: { type: "string", multiple: true, default: [] },
      scenario: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help || positionals.length === 0) return "help";
  const unknown = positionals.filter(
    (name) => name !== "all" && !CLIENTS.some((client) => client.name === name),
  );
  if (unknown.length > 0) {
    throw new LensError("config.invalid", `no such client: ${unknown.join(", ")}; see --help`);
  }
  const clients = CLIENTS.filter(
    ({ name }) => positionals.includes("all") || positionals.includes(name),
  );
  return { clients, versions: values.version, scenario: values.scenario };
}

try {
  process.exitCode = await main();
} catch (error) {
  const message = error instanceof LensError ? `${error.code}: ${error.message}` : String(error);
  process.stderr.write(`clients: ${message}\n`);
  process.exitCode = 2;
}
