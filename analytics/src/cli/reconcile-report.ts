import { decimalText, formatUsd, usdDecimal } from "@lensai/otel-config/money";
import { CAUSE_TEXTS } from "../reconcile/find-causes.ts";
import { MATCH_CLASSES, judgedBy } from "../reconcile/match-figures.ts";
import type { MatchedRow } from "../reconcile/match-figures.ts";
import { MEASURES } from "../reconcile/provider-record.ts";
import type { Measures } from "../reconcile/provider-record.ts";
import { CLASS_TEXTS, differenceOf, isAllMatched, notesOf } from "../reconcile/reconciliation.ts";
import type { Reconciliation } from "../reconcile/reconciliation.ts";
import type { ClassSum, ProviderSum } from "../reconcile/sum-classes.ts";
import { textTable } from "./text-table.ts";

export interface PrintedReconciliation extends Reconciliation {
  readonly tolerancePercent: string;
  /** Rows that are listed. */
  readonly shown: readonly MatchedRow[];
}

const SHORT_NAMES: Readonly<Record<keyof Measures, string>> = {
  costNanoUsd: "USD",
  requests: "requests",
  inputTokens: "in",
  cacheReadTokens: "cached",
  cacheWriteTokens: "cache-written",
  outputTokens: "out",
};

export function reportText(report: PrintedReconciliation): string {
  const { shown, sums } = report;
  const numbers = ["provider says", "calls say", "difference"];
  const table = textTable(
    ["day", "provider", "model", ...numbers, "class", "why"],
    shown.map((row) => cellsOf(row)),
    numbers,
  );
  const notes = notesOf(report).map((note) => `note: ${note}\n`);
  return [
    ...(shown.length === 0 ? [] : [table, "\n"]),
    sumTable(sums),
    ...notes,
    `${report.from} to ${report.to} (not included), UTC, tolerance ${report.tolerancePercent} %\n`,
  ].join("");
}

/** Dollars where the provider tells them; else what it counts. */
function cellsOf(row: MatchedRow): string[] {
  const { day, provider, model, item, theirs, ours, causes } = row;
  const measures: readonly (keyof Measures)[] =
    theirs === undefined ? ["costNanoUsd"] : judgedBy(theirs);
  const isMoney = measures.includes("costNanoUsd");
  const texts = (of: (measure: keyof Measures) => bigint | undefined): string =>
    measures
      .map((measure) => [of(measure), SHORT_NAMES[measure]] as const)
      .map(([value, name]) => (isMoney ? formatUsd(value) : `${value ?? "unknown"} ${name}`))
      .join(", ");
  return [
    day,
    provider,
    model ?? item ?? "-",
    theirs === undefined ? "-" : texts((measure) => theirs[measure]),
    ours === undefined ? "-" : `${texts((measure) => ours[measure])}${inexactText(ours)}`,
    theirs === undefined || ours === undefined
      ? "-"
      : texts((measure) => differenceOf(row, measure)),
    CLASS_TEXTS[row.class],
    causes.map((cause) => CAUSE_TEXTS[cause]).join("; "),
  ];
}

function inexactText(part: { unpricedCalls: number; estimatedCalls: number }): string {
  const unpriced = part.unpricedCalls === 0 ? "" : ` + ${part.unpricedCalls} unpriced`;
  return part.estimatedCalls === 0 ? unpriced : `${unpriced}, ${part.estimatedCalls} estimated`;
}

function sumTable(sums: readonly ProviderSum[]): string {
  const numbers = ["rows", "provider says", "calls say", "calls"];
  const rows = sums.flatMap(({ provider, classes, all }) => [
    ...MATCH_CLASSES.map((name) => sumCells(provider, CLASS_TEXTS[name], classes[name])),
    sumCells(provider, "all", all),
  ]);
  const shares = sums.map(
    ({ provider, matchedPerMille }) => `${provider}: ${shareText(matchedPerMille)}\n`,
  );
  return `${textTable(["provider", "class", ...numbers], rows, numbers)}\n${shares.join("")}`;
}

function sumCells(provider: string, name: string, sum: ClassSum): string[] {
  return [
    provider,
    name,
    String(sum.rows),
    formatUsd(sum.theirNanoUsd, "-"),
    `${formatUsd(sum.ourNanoUsd, "-")}${inexactText(sum)}`,
    String(sum.ourCalls),
  ];
}

function shareText(matchedPerMille: bigint | undefined): string {
  if (matchedPerMille === undefined) return "the files tell no dollars";
  return `${decimalText(matchedPerMille, 1)} % of the provider's dollars are matched`;
}

export function reportJson(report: PrintedReconciliation): string {
  const { from, to, tolerancePercent, shown, sums, untold, unfinished } = report;
  const document = {
    from,
    to,
    tolerancePercent: Number(tolerancePercent),
    isAllMatched: isAllMatched(report),
    isComplete: unfinished.length === 0,
    notes: notesOf(report),
    untold,
    providers: sums.map(({ provider, classes, all, matchedPerMille }) => ({
      provider,
      matchedPercent: matchedPerMille === undefined ? null : Number(matchedPerMille) / 10,
      all: jsonOfSum(all),
      classes: Object.fromEntries(MATCH_CLASSES.map((name) => [name, jsonOfSum(classes[name])])),
    })),
    rows: shown.map((row) => jsonOfRow(row)),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function jsonOfSum({ theirNanoUsd, ourNanoUsd, ...counts }: ClassSum): Record<string, unknown> {
  return { ...counts, theirUsd: usdOrNull(theirNanoUsd), ourUsd: usdOrNull(ourNanoUsd) };
}

function jsonOfRow(row: MatchedRow): Record<string, unknown> {
  const { day, provider, model, item, theirs, ours, causes } = row;
  return {
    day,
    provider,
    model: model ?? null,
    item: item ?? null,
    class: row.class,
    differenceUsd: usdOrNull(differenceOf(row, "costNanoUsd")),
    causes,
    theirs: theirs === undefined ? null : jsonOfMeasures(theirs),
    ours:
      ours === undefined
        ? null
        : {
            ...jsonOfMeasures(ours),
            calls: ours.calls,
            estimatedCalls: ours.estimatedCalls,
            unpricedCalls: ours.unpricedCalls,
          },
  };
}

function jsonOfMeasures(measures: Measures): Record<string, unknown> {
  const { costNanoUsd, ...counts } = measures;
  const entries = MEASURES.filter((name) => name !== "costNanoUsd").map((name) => {
    const count = counts[name];
    return [name, count === undefined ? null : Number(count)];
  });
  return { costUsd: usdOrNull(costNanoUsd), ...Object.fromEntries(entries) };
}

function usdOrNull(nanoUsd: bigint | undefined): string | null {
  return nanoUsd === undefined ? null : usdDecimal(nanoUsd);
}
