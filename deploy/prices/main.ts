// Compares our prices with a list in LiteLLM's format and writes the page that says what was decided.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { differencesPage } from "./page.ts";
import { decidedDifferences } from "./second-list.ts";

/** The day of the list that was decided on. */
const LIST_DATE = new Date("2026-07-24T12:00:00Z");
const PAGE = path.join(import.meta.dirname, "../../console/content/docs/price-differences.md");

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write("usage: node deploy/prices/main.ts <list.json>\n");
  process.exit(1);
}
const found = decidedDifferences(JSON.parse(readFileSync(file, "utf8")), LIST_DATE);
const undecided = found.filter(({ decision }) => decision === undefined);
for (const { provider, model, serviceTier, unit, oursPico, theirsPico } of undecided) {
  process.stdout.write(`${provider} ${model} ${serviceTier} ${unit}: ${oursPico} ${theirsPico}\n`);
}
writeFileSync(PAGE, differencesPage(found));
process.stdout.write(`${found.length} differences, ${undecided.length} of them undecided\n`);
process.exitCode = undecided.length === 0 ? 0 : 1;
