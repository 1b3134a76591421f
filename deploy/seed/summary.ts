import { formatUsd } from "@lensai/otel-config/money";
import { emptyTally, type ProjectTally } from "./expected-spend.ts";
import type { SeedResult } from "./run-seed.ts";

const HEAD = ["project", "spans", "calls", "failed", "unpriced", "spend"] as const;
const NAME_WIDTH = 14;
const NUMBER_WIDTH = 11;

/** The table at the end of a run: what was sent, and what it must cost by the price book. */
export function summaryText(result: SeedResult, consoleUrl: string): string {
  const rows = [...result.byProject].map(([project, tally]) => row(project.id, tally));
  const total = [...result.byProject.values()].reduce(added, emptyTally());
  const perSecond = Math.round(total.spans / Math.max(result.seconds, 0.001));
  return [
    "",
    line(HEAD),
    ...rows,
    row("total", total),
    "",
    `sent ${total.spans.toLocaleString("en")} spans in ${result.seconds.toFixed(1)} s (${perSecond.toLocaleString("en")}/s), run id ${result.runId}`,
    "The same options on the same day send the same spans again: within the receiver's window for",
    "duplicates they land once. Another --seed sends other traffic.",
    "",
    `open ${consoleUrl}`,
    "",
  ].join("\n");
}

function row(name: string, tally: ProjectTally): string {
  return line([
    name,
    tally.spans.toLocaleString("en"),
    tally.calls.toLocaleString("en"),
    tally.failedCalls.toLocaleString("en"),
    tally.unpricedCalls.toLocaleString("en"),
    formatUsd(tally.spendNanoUsd),
  ]);
}

function line(cells: readonly string[]): string {
  const [name = "", ...numbers] = cells;
  return `  ${name.padEnd(NAME_WIDTH)}${numbers.map((cell) => cell.padStart(NUMBER_WIDTH)).join("")}`;
}

function added(left: ProjectTally, right: ProjectTally): ProjectTally {
  return {
    spans: left.spans + right.spans,
    calls: left.calls + right.calls,
    failedCalls: left.failedCalls + right.failedCalls,
    unpricedCalls: left.unpricedCalls + right.unpricedCalls,
    spendNanoUsd: left.spendNanoUsd + right.spendNanoUsd,
  };
}
