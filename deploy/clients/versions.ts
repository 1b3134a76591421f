import { mkdtempSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { totalsLine, verdictTable } from "../conformance/report.ts";
import { runScenarios } from "../conformance/run-scenario.ts";
import type { ScenarioResult } from "../conformance/run-scenario.ts";
import { writeGenerated } from "../tooling/write-generated.ts";
import { CLIENTS } from "./harness/client-list.ts";
import { captureScenario, differenceSeen } from "./harness/run-client.ts";
import { stageVersions } from "./harness/stage-versions.ts";
import { stageClient } from "./harness/stage.ts";
import type { StagedClient } from "./harness/stage.ts";
import { storeVerdicts } from "./harness/verdict-file.ts";
import { VERSION_SETS } from "./harness/version-list.ts";
import type { VersionSet } from "./harness/version-list.ts";

const USAGE = `usage: npx pnpm@12 clients:versions [<set>...]

Runs our own instrumentation, unchanged, with several versions of each SDK: the same scenarios for all of them,
judged by the fake provider's log. Without sets, all of them.

Sets: ${VERSION_SETS.map(({ name }) => name).join(", ")}
`;

const ISO_DATE_LENGTH = "2026-01-01".length;

async function main(names: readonly string[]): Promise<number> {
  if (names.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const unknown = names.filter((name) => !VERSION_SETS.some((set) => set.name === name));
  if (unknown.length > 0) {
    throw new LensError("config.invalid", `no such set: ${unknown.join(", ")}; see --help`);
  }
  const sets = VERSION_SETS.filter(({ name }) => names.length === 0 || names.includes(name));
  const captures = mkdtempSync(path.join(os.tmpdir(), "lensai-versions-"));
  const client = CLIENTS.find(({ name }) => name === "lensai");
  if (client === undefined) throw new LensError("internal", "our own client is not listed");
  const staged = await stageClient(client, []);
  const results: ScenarioResult[] = [];
  let differences = 0;
  for (const set of sets) {
    const ofSet = await runSet(set, staged, captures);
    results.push(...ofSet.results);
    // Not at the end: all sets together take a quarter of an hour.
    storeVerdicts("versions", ofSet.results);
    differences += ofSet.differences;
  }
  process.stdout.write(`\n${verdictTable(results)}\n\n${totalsLine(results)}\n`);
  process.stdout.write(
    `scenarios that differ from those without instrumentation: ${differences}\n`,
  );
  for (const written of writeGenerated()) process.stdout.write(`wrote ${written}\n`);
  const isWrong = results.some(({ verdict }) => verdict.grade === "wrong");
  return isWrong || differences > 0 ? 1 : 0;
}

async function runSet(
  set: VersionSet,
  client: StagedClient,
  captures: string,
): Promise<{ results: ScenarioResult[]; differences: number }> {
  const staged = await stageVersions(client, set);
  const [[name, version] = []] = Object.entries(staged.versions);
  process.stdout.write(`${set.name}: ${name}@${version}\n`);
  const date = new Date().toISOString().slice(0, ISO_DATE_LENGTH);
  let differences = 0;
  for (const scenario of set.scenarios) {
    process.stdout.write(`  ${scenario}\n`);
    await captureScenario({ name: set.name, staged, scenario, captures, date });
    const difference = await differenceSeen(staged, scenario);
    if (difference === undefined) continue;
    differences += 1;
    process.stdout.write(`    the application sees something else\n${difference}\n`);
  }
  const results = await runScenarios(
    set.scenarios.map((scenario) => ({
      client: set.name,
      name: scenario,
      folder: path.join(captures, set.name, scenario),
    })),
  );
  return { results, differences };
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const message = error instanceof LensError ? `${error.code}: ${error.message}` : String(error);
  process.stderr.write(`clients: ${message}\n`);
  process.exitCode = 2;
}
