import { formatUsd, usdDecimal } from "@lensai/otel-config/money";
import { UnpricedCalls } from "../prices/unpriced-calls.ts";
import type { UnpricedGroup } from "../prices/unpriced-calls.ts";
import { parseArguments, requireWords } from "./arguments.ts";
import { callsInLake, rangeOf } from "./calls-in-lake.ts";
import type { Command } from "./cli-context.ts";
import { withLake } from "./cli-lake.ts";
import { loadPriceBook } from "./load-price-book.ts";
import { textTable } from "./text-table.ts";

/** What a group lacks, and what to do about it. */
const ADVICE: Readonly<Record<UnpricedGroup["gap"], string>> = {
  provider: "unknown provider: prices set",
  model: "unknown model: prices set",
  service_tier: "no price in this tier: prices set --service-tier",
  no_model: "the span names no model",
  usage: "counts are missing, or need a price that is not there",
  none: "has a price now: prices reprice",
};

/** Lists the calls of the lake whose cost is unknown. */
export const pricesUnknown: Command = {
  path: ["prices", "unknown"],
  usage: "[--project <id>] [--from <time>] [--to <time>] [--json]",
  summary: "billed calls whose cost is unknown, why, and what is at stake",
  run: async (argv, context) => {
    const { values, positionals } = parseArguments(argv, {
      project: { type: "string" },
      from: { type: "string" },
      to: { type: "string" },
      json: { type: "boolean" },
    });
    requireWords(positionals, []);
    const range = rangeOf({ from: values.from, to: values.to }, context.now());
    const unpriced = new UnpricedCalls(await loadPriceBook(context));
    let calls = 0;
    await withLake(context, async (lake) => {
      for await (const some of callsInLake(lake, values.project, range)) {
        calls += some.length;
        unpriced.add(some);
      }
    });
    const groups = unpriced.groups();
    if (values.json === true) {
      context.write(`${JSON.stringify(groups.map(jsonOf), undefined, 2)}\n`);
      return;
    }
    const unknown = groups.reduce((sum, group) => sum + group.calls, 0);
    const share = calls === 0 ? "" : ` (${((100 * unknown) / calls).toFixed(1)} %)`;
    if (groups.length > 0) context.write(tableOf(groups));
    context.write(`${unknown} of ${calls} billed calls${share} have no cost\n`);
  },
};

function tableOf(groups: readonly UnpricedGroup[]): string {
  const rows = groups.map((group) => [
    group.projectId,
    group.provider ?? "-",
    group.responseModel ?? group.requestModel ?? "-",
    group.serviceTier ?? "-",
    String(group.calls),
    String(group.inputTokens),
    String(group.outputTokens),
    formatUsd(group.clientCostNanoUsd, "-"),
    formatUsd(group.atAverageNanoUsd, "-"),
    ADVICE[group.gap],
  ]);
  const numbers = ["calls", "input tokens", "output tokens", "client says", "at average"];
  const head = ["project", "provider", "model", "tier", ...numbers, "why"];
  return `${textTable(head, rows, numbers)}at average: at what a token of the project's priced calls costs\n`;
}

function jsonOf(group: UnpricedGroup): Readonly<Record<string, unknown>> {
  const { inputTokens, outputTokens, clientCostNanoUsd, atAverageNanoUsd, ...rest } = group;
  return {
    ...rest,
    inputTokens: Number(inputTokens),
    outputTokens: Number(outputTokens),
    clientCostUsd: clientCostNanoUsd === undefined ? null : usdDecimal(clientCostNanoUsd),
    atAverageUsd: atAverageNanoUsd === undefined ? null : usdDecimal(atAverageNanoUsd),
  };
}
