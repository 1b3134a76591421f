import { scaleDecimal } from "@lensai/otel-config/money";
import { dailyCallsByModel } from "../queries/daily-calls-by-model.ts";
import type { DailyCalls } from "../queries/daily-calls-by-model.ts";
import { checkRange } from "../queries/query-source.ts";
import type { TimeRange } from "../queries/query-source.ts";
import type { ProviderPage } from "../reconcile/provider-record.ts";
import { readProviderFiles } from "../reconcile/read-provider-file.ts";
import { isAllMatched, reconcilePages } from "../reconcile/reconciliation.ts";
import { parseArguments, usageError } from "./arguments.ts";
import type { CliContext, Command } from "./cli-context.ts";
import { withLake } from "./cli-lake.ts";
import { readTextFile } from "./read-text-file.ts";
import { reportJson, reportText } from "./reconcile-report.ts";

/** A percent has so many digits behind the point until it is a millionth. */
const PPM_DIGITS_OF_A_PERCENT = 4;

/** Puts what providers say that they charge beside the calls of the lake; writes nothing. */
export const reconcile: Command = {
  path: ["reconcile"],
  usage: [
    "<file>... [--project <id>] [--from <day>] [--to <day>] [--tolerance-percent 1] [--differing] [--json]",
    "",
    "<file>: answers of OpenAI's costs and usage API, of Anthropic's usage and cost report, or a CSV file.",
    "--differing lists only what is not matched; the sums are of all. --to is not included.",
    "Ends with 0 when all is within the tolerance, and with 1 otherwise.",
  ].join("\n"),
  summary: "what providers say they charge, beside the calls that were seen",
  run: async (argv, context) => {
    const { values, positionals } = parseArguments(argv, {
      project: { type: "string" },
      from: { type: "string" },
      to: { type: "string" },
      "tolerance-percent": { type: "string" },
      differing: { type: "boolean" },
      json: { type: "boolean" },
    });
    if (positionals.length === 0) throw usageError("<file> is missing: give what a provider told");
    const tolerancePercent = values["tolerance-percent"] ?? "1";
    const tolerance = parseTolerance(tolerancePercent);
    const range = { from: parseDay("from", values.from), to: parseDay("to", values.to) };
    const pages = await readFiles(positionals, context);
    const found = await reconcilePages({ pages, range, tolerance }, (days) =>
      callsOf(values.project, days, context),
    );
    if (found === undefined) throw usageError("the files tell nothing of the days asked for");
    const { rows } = found;
    const shown = values.differing === true ? rows.filter((row) => row.class !== "matched") : rows;
    const report = { ...found, tolerancePercent, shown };
    context.write(values.json === true ? reportJson(report) : reportText(report));
    if (!isAllMatched(report)) context.fail();
  },
};

function parseTolerance(text: string): bigint {
  const ppm = scaleDecimal(text, PPM_DIGITS_OF_A_PERCENT);
  if (ppm !== undefined && ppm >= 0n && ppm <= 1_000_000n) return ppm;
  throw usageError(`--tolerance-percent: "${text}" is not a number from 0 to 100`);
}

/** Providers tell whole days, in UTC. */
function parseDay(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return text;
  throw usageError(`--${option}: "${text}" is not a day like 2026-11-01`);
}

async function readFiles(files: readonly string[], context: CliContext): Promise<ProviderPage[]> {
  const read = [];
  for (const file of files) {
    const { text } = await readTextFile(file, context);
    read.push({ name: file, text });
  }
  return readProviderFiles(read);
}

/** The billed calls of one project, or of all. */
async function callsOf(
  projectId: string | undefined,
  range: TimeRange,
  context: CliContext,
): Promise<DailyCalls[]> {
  checkRange(range);
  return await withLake(context, async (lake) => {
    if (projectId !== undefined && !lake.projects.includes(projectId)) {
      throw usageError(
        `the lake has no project "${projectId}"; it has ${lake.projects.join(", ")}`,
      );
    }
    const calls: DailyCalls[] = [];
    for (const project of projectId === undefined ? lake.projects : [projectId]) {
      const own = await lake.ask(project, range, (target) =>
        dailyCallsByModel(project, range, target),
      );
      calls.push(...(own ?? []));
    }
    return calls;
  });
}
