import { formatUsd } from "@lensai/otel-config/money";
import type { Verdict } from "./verdict.ts";

const COLUMNS = [
  "run",
  "over",
  "unspent",
  "free at the first refusal",
  "calls",
  "refused",
  "cut off",
] as const;

/** Markdown, so that it can be put into the documentation as it is printed. */
export function tableOf(
  rows: readonly { readonly name: string; readonly verdict: Verdict }[],
): string {
  const cells = [COLUMNS, ...rows.map(({ name, verdict }) => cellsOf(name, verdict))];
  const widths = COLUMNS.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  const [head, ...body] = cells;
  return [line(head ?? []), rule, ...body.map(line)].join("\n");
}

function cellsOf(name: string, verdict: Verdict): string[] {
  const { freeAtRefusalNanoUsd: free } = verdict;
  return [
    name,
    formatUsd(verdict.overNanoUsd),
    formatUsd(verdict.unspentNanoUsd),
    free === undefined ? "none refused" : formatUsd(free),
    String(verdict.calls),
    String(verdict.refusals),
    String(verdict.cutOffs),
  ];
}
