import { mkdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { formatUsd } from "@lensai/otel-config/money";
import { landDuring } from "../conformance/lake-rows.ts";
import { textTable } from "../conformance/text-table.ts";
import { OTEL_COLLECTOR_PROGRAMS } from "./otel-collector.ts";
import type { Program } from "./program.ts";
import { SDK_PROGRAMS } from "./sdk-programs.ts";

/**
 * `pnpm try:clients [name]...`: configures real programs with the ready files of otel-config/env and looks at
 * what of their one call of a model arrives, and whether it is billed. Needs the network for what is not
 * installed yet; what a machine has no toolchain for is said and skipped.
 */

const PROGRAMS: readonly Program[] = [...SDK_PROGRAMS, ...OTEL_COLLECTOR_PROGRAMS];
/** Outside the repository: thousands of files that nothing of the project may find by accident. */
const FOLDER = path.join(os.tmpdir(), "lensai-try-clients");
const TITLES = ["program", "file", "version", "arrived", "billed", "cost", "problem"];

interface Outcome {
  readonly cells: readonly string[];
  readonly isGood: boolean;
}

async function tryProgram(program: Program): Promise<Outcome> {
  const { name, file } = program;
  const folder = path.join(FOLDER, name.replaceAll(/[^a-z]+/gi, "-"));
  mkdirSync(folder, { recursive: true });
  let version = "";
  try {
    version = await program.prepare(folder);
    const { rows } = await landDuring((ports) => program.run(folder, ports));
    const calls = rows.filter((row) => row["call_role"] === "inference");
    const billed = calls.filter((row) => row["billed"]);
    const costs = billed.map((row) => row["cost_nano_usd"]);
    const cost = costs.length === 1 && costs[0] !== null ? formatUsd(BigInt(costs[0] ?? 0)) : "";
    const isGood = calls.length === 1 && billed.length === 1 && cost !== "";
    const cells = [name, file, version, String(calls.length), String(billed.length), cost, ""];
    return { cells, isGood };
  } catch (error) {
    const [problem = ""] = (error as Error).message.split("\n");
    return { cells: [name, file, version, "-", "-", "", problem.slice(0, 200)], isGood: false };
  }
}

const wanted = process.argv.slice(2);
const outcomes: Outcome[] = [];
for (const program of PROGRAMS) {
  const isWanted = wanted.length === 0 || wanted.some((text) => program.name.includes(text));
  if (isWanted) outcomes.push(await tryProgram(program));
}
process.stdout.write(
  `${textTable(
    TITLES,
    outcomes.map(({ cells }) => cells),
  )}\n`,
);
process.exitCode = outcomes.every(({ isGood }) => isGood) ? 0 : 1;
