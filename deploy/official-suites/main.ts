import { mkdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { LensError } from "@lensai/otel-config/errors";
import { textTable } from "../conformance/text-table.ts";
import { compareReports } from "./compare-reports.ts";
import { buildInstrumentation, prepareSuite, runPart } from "./run-suite.ts";
import { OFFICIAL_SUITES } from "./suites.ts";
import type { OfficialSuite } from "./suites.ts";

const USAGE = `usage: npx pnpm@12 test:official-suites [--from <suite>=<repository>]... [<suite>...]

Runs the test suites of SDKs' makers without our instrumentation and with it, and compares them test by test. Needs the
network, a few minutes and a gigabyte. --from: a clone that is there already.

Suites: ${OFFICIAL_SUITES.map(({ name }) => name).join(", ")}
`;

/** Outside of the repository: thousands of files that nothing of the project may find by accident. */
const FOLDER = path.join(os.tmpdir(), "lensai-official-suites");
const TITLES = [
  "suite",
  "part",
  "passed with it",
  "fail without",
  "different with it",
  "processes",
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    from: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", default: false },
  },
});

function wantedSuites(): readonly OfficialSuite[] {
  const unknown = positionals.filter((name) => !OFFICIAL_SUITES.some((each) => each.name === name));
  if (unknown.length > 0)
    throw new LensError("config.invalid", `no such suite: ${unknown.join(", ")}; see --help`);
  return OFFICIAL_SUITES.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  );
}

/** Is every test as it is without us? */
async function main(): Promise<boolean> {
  const sources = new Map(values.from.map((each) => each.split("=", 2) as [string, string]));
  const lines: string[][] = [];
  const differences: string[] = [];
  await buildInstrumentation();
  for (const suite of wantedSuites()) {
    const folder = path.join(FOLDER, suite.name.replaceAll(/[^a-z]+/gi, "-"));
    mkdirSync(FOLDER, { recursive: true });
    await prepareSuite(suite, folder, sources.get(suite.name));
    for (const part of suite.parts) {
      process.stderr.write(`${suite.name}: ${part.name}\n`);
      const without = await runPart(part, folder, { isObserved: false });
      const observed = await runPart(part, folder, { isObserved: true });
      const compared = compareReports(without.report, observed.report);
      differences.push(...compared.differences);
      lines.push([
        `${suite.name} ${suite.tag}`,
        part.name,
        `${compared.passed} of ${compared.ran}`,
        String(compared.failedWithout.length),
        String(compared.differences.length),
        String(observed.processes),
      ]);
    }
  }
  process.stdout.write(`${textTable(TITLES, lines)}\n`);
  for (const difference of differences) process.stdout.write(`  ${difference}\n`);
  return differences.length === 0;
}

if (values.help) process.stdout.write(USAGE);
else process.exitCode = (await main()) ? 0 : 1;
