import { correctionNames, landCorrections, recomputeRange } from "../recompute/recompute-lake.ts";
import type { Recomputed } from "../recompute/recompute-lake.ts";
import { parseArguments, requireWords, usageError } from "./arguments.ts";
import { rangeOf } from "./calls-in-lake.ts";
import type { Command } from "./cli-context.ts";
import { withLake } from "./cli-lake.ts";
import { loadPriceBook } from "./load-price-book.ts";
import { textTable } from "./text-table.ts";

/** Decides about billing again, over everything that landed, and corrects what the collectors could not know. */
export const recompute: Command = {
  path: ["recompute"],
  usage: "[--from <time>] [--to <time>] [--project <id>] [--dry-run]",
  summary: "which records are billed, and whose work they were, decided again over all that landed",
  run: async (argv, context) => {
    const { values, positionals } = parseArguments(argv, {
      from: { type: "string" },
      to: { type: "string" },
      project: { type: "string" },
      "dry-run": { type: "boolean" },
    });
    requireWords(positionals, []);
    const range = rangeOf({ from: values.from, to: values.to }, context.now());
    const isDryRun = values["dry-run"] === true;
    await withLake(context, async (lake) => {
      if (values.project !== undefined && !lake.projects.includes(values.project)) {
        throw usageError(`the lake has no project "${values.project}"`);
      }
      const projects = values.project === undefined ? lake.projects : [values.project];
      const book = await loadPriceBook(context);
      const task = { projects, range, decidedAt: context.now(), book };
      const found = await recomputeRange(task, (...question) => lake.ask(...question));
      if (!isDryRun) {
        const landedAt = context.now();
        const nextName = correctionNames("recompute", landedAt);
        await landCorrections(lake.lake, found.corrections, { nextName, landedAt });
      }
      context.write(reportOf(found, isDryRun));
    });
  },
};

function reportOf({ records, corrections }: Recomputed, isDryRun: boolean): string {
  const counts = new Map<string, number>();
  for (const { projectId, billRule = "whose work" } of corrections) {
    const key = `${projectId}\n${billRule}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const rows = [...counts.keys()]
    .toSorted()
    .map((key) => key.split("\n").concat(String(counts.get(key))));
  const table =
    rows.length === 0 ? "" : textTable(["project", "now", "records"], rows, ["records"]);
  const verb = isDryRun ? "would change" : "changed";
  return `${table}${corrections.length} of ${records} verdicts ${verb}\n`;
}
