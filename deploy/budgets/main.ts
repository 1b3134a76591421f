// Hard budgets held by a whole fleet, while much goes wrong, beside how others hold them: npx pnpm@12 bench:budgets
import { temporaryFolder } from "../test/support/temporary-folder.ts";
import { checksOf } from "./checks.ts";
import { decompositionLines } from "./decomposition.ts";
import { runLensAi } from "./run-lensai.ts";
import type { LensAiResult, LensAiRun } from "./run-lensai.ts";
import { budgetsHelp, readOptions } from "./run-options.ts";
import type { BenchOptions } from "./run-options.ts";
import { runSchemes } from "./run-scheme.ts";
import { GATES } from "./schemes/spend-gate.ts";
import { startFaultyStack } from "./stack.ts";
import { tableOf } from "./table.ts";

const LENSAI_RUNS: readonly LensAiRun[] = [
  { name: "lensai-chaos", clamp: false },
  { name: "lensai-chaos-clamp", clamp: true },
];

async function runAll(runs: readonly LensAiRun[], options: BenchOptions): Promise<LensAiResult[]> {
  if (runs.length === 0) return [];
  const folder = temporaryFolder();
  const stack = await startFaultyStack(folder.path);
  const checked: LensAiResult[] = [];
  try {
    for (const run of runs) checked.push(await runLensAi(run, stack, options));
    return checked;
  } finally {
    await stack.stop();
    folder.remove();
  }
}

function tellChecks(run: LensAiResult, checks: readonly string[]): void {
  console.log(`\n${run.name}`);
  for (const { name, isMet, sentence } of checksOf(run)) {
    console.log(`  ${isMet ? "met   " : "MISSED"} ${sentence}`);
    const isAsked = checks.includes(name) || checks.includes(`${run.name}:${name}`);
    if (!isMet && isAsked) process.exitCode = 1;
  }
  console.log("  where bills and charges differ:");
  for (const line of decompositionLines(run.groups)) console.log(`    ${line}`);
}

const asked = readOptions(process.argv.slice(2));
if (asked === "help") {
  console.log(budgetsHelp());
  process.exit();
}
const compiled = temporaryFolder();
try {
  const options = { ...asked, compileCache: compiled.path };
  const isWanted = (name: string): boolean =>
    options.only.length === 0 || options.only.includes(name);
  const others = await runSchemes(GATES.filter(isWanted), options);
  const runs = await runAll(
    LENSAI_RUNS.filter(({ name }) => isWanted(name)),
    options,
  );
  console.log(tableOf([...others, ...runs]));
  for (const run of runs) tellChecks(run, options.checks);
} finally {
  compiled.remove();
}
