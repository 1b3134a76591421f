import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import type { Correction } from "../corrections/correction.ts";
import { appendRows } from "../lake/append.ts";
import type { TimeRange } from "../queries/query-source.ts";
import { recomputeVerdicts, withMargin } from "../recompute/recompute-verdicts.ts";
import { parseArguments, requireWords, usageError } from "./arguments.ts";
import { rangeOf } from "./calls-in-lake.ts";
import type { CliContext, Command } from "./cli-context.ts";
import { withLake } from "./cli-lake.ts";
import type { CliLake } from "./cli-lake.ts";
import { textTable } from "./text-table.ts";

/** Resolved at once, with an hour around it: what a busy project says in three hours fits in memory. */
const SLICE_MS = 3_600_000;
/** A file holds a million rows at most. */
const CORRECTIONS_PER_COMMIT = 500_000;

/** Decides about billing again, over everything that landed, and corrects what the collectors could not know. */
export const recompute: Command = {
  path: ["recompute"],
  usage: "[--from <time>] [--to <time>] [--project <id>] [--dry-run]",
  summary: "which records are billed, decided again over all that landed",
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
      const found = await recomputeProjects(lake, { projects, range, now: context.now() });
      if (!isDryRun) await land(lake, found.corrections, context);
      context.write(reportOf(found, isDryRun));
    });
  },
};

interface Found {
  readonly records: number;
  readonly corrections: readonly Correction[];
}

async function recomputeProjects(
  lake: CliLake,
  { projects, range, now }: { projects: readonly string[]; range: TimeRange; now: Date },
): Promise<Found> {
  const corrections: Correction[] = [];
  let records = 0;
  for (const project of projects) {
    for (let fromUnixMs = range.fromUnixMs; fromUnixMs < range.toUnixMs; fromUnixMs += SLICE_MS) {
      const slice = { fromUnixMs, toUnixMs: Math.min(fromUnixMs + SLICE_MS, range.toUnixMs) };
      const found = await lake.ask(project, withMargin(slice), (target) =>
        recomputeVerdicts(project, { ...slice, decidedAt: now }, target),
      );
      records += found?.records ?? 0;
      for (const correction of found?.corrections ?? []) corrections.push(correction);
    }
  }
  return { records, corrections };
}

async function land(
  { lake }: CliLake,
  corrections: readonly Correction[],
  context: CliContext,
): Promise<void> {
  const landedAt = context.now();
  const name = `recompute-${landedAt
    .toISOString()
    .toLowerCase()
    .replaceAll(/[^0-9tz]/g, "")}`;
  for (let from = 0; from < corrections.length; from += CORRECTIONS_PER_COMMIT) {
    await appendRows(lake, new RowBatch(1), {
      name: `${name}-${from}`,
      landedAt,
      corrections: corrections.slice(from, from + CORRECTIONS_PER_COMMIT),
    });
  }
}

function reportOf({ records, corrections }: Found, isDryRun: boolean): string {
  const counts = new Map<string, number>();
  for (const { projectId, billRule } of corrections) {
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
