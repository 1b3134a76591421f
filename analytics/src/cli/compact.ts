import { randomBytes } from "node:crypto";
import { runCompaction } from "../compaction/run-compaction.ts";
import { parseArguments, requireWords } from "./arguments.ts";
import type { Command } from "./cli-context.ts";
import { withLake } from "./cli-lake.ts";

const runId = (): string => randomBytes(4).toString("hex");

/** Compacts until there is nothing left to merge: for lakes without a console, and after months without one. */
export const compact: Command = {
  path: ["compact"],
  usage: "",
  summary: "rows of many small files of the lake in few sorted ones; safe beside everything else",
  run: async (argv, context) => {
    const { positionals } = parseArguments(argv, {});
    requireWords(positionals, []);
    await withLake(context, async ({ lake, files, workFolder, freshIndex }) => {
      const options = { lake, files, freshIndex, workFolder, now: context.now, runId };
      let [merged, written, deleted] = [0, 0, 0];
      for (;;) {
        const pass = await runCompaction(options);
        merged += pass.merged;
        written += pass.written;
        deleted += pass.deleted;
        if (pass.merged === 0) break;
      }
      context.write(`${merged} files merged into ${written}, ${deleted} replaced files deleted\n`);
    });
  },
};
