/**
 * A whole installation for a test of the Python package, with one enforcing budget for the environment `python`:
 * `node deploy/python/ledger-stack.ts <limit in nano-USD>`. Prints a line of JSON with the collector's URL when it is
 * ready, and one with the sums of the budget's ledger for every line of its input. Ends with its input.
 */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { createBudget, readLedger } from "../budgets/console-client.ts";
import { startFaultyStack } from "../budgets/stack.ts";

const limitNanoUsd = BigInt(process.argv[2] ?? "0");
const folder = mkdtempSync(path.join(os.tmpdir(), "lensai-python-ledger-"));
const stack = await startFaultyStack(folder);
try {
  const budgetId = await createBudget(stack, { name: "python", clamp: false, limitNanoUsd });
  print({ collectorUrl: stack.collectorUrl });
  for await (const _ of createInterface({ input: process.stdin })) {
    const { settledNanoUsd, heldNanoUsd } = await readLedger(stack, budgetId);
    print({ settledNanoUsd: String(settledNanoUsd), heldNanoUsd: String(heldNanoUsd) });
  }
} finally {
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
