import { formatUsd, usdDecimal } from "@lensai/otel-config/money";
import { Repricing } from "../prices/repricing.ts";
import type { RepricedGroup } from "../prices/repricing.ts";
import { parseArguments, parseTime, requireWords } from "./arguments.ts";
import { callsInLake, rangeOf } from "./calls-in-lake.ts";
import type { Command } from "./cli-context.ts";
import { withLake } from "./cli-lake.ts";
import { loadPriceBook } from "./load-price-book.ts";
import { textTable } from "./text-table.ts";

/** Prices history again, beside the figures as they were; writes nothing. */
export const pricesReprice: Command = {
  path: ["prices", "reprice"],
  usage:
    "[--from <time>] [--to <time>] [--project <id>] [--recorded-until <time>] [--changed] [--json]",
  summary: "what past calls cost by the book in use, beside what they cost when they came",
  run: async (argv, context) => {
    const { values, positionals } = parseArguments(argv, {
      from: { type: "string" },
      to: { type: "string" },
      project: { type: "string" },
      "recorded-until": { type: "string" },
      changed: { type: "boolean" },
      json: { type: "boolean" },
    });
    requireWords(positionals, []);
    const range = rangeOf({ from: values.from, to: values.to }, context.now());
    const book = await loadPriceBook(context);
    const recordedUntil = parseTime("recorded-until", values["recorded-until"]);
    const repricing = new Repricing(book, recordedUntil);
    await withLake(context, async (lake) => {
      for await (const calls of callsInLake(lake, values.project, range)) repricing.add(calls);
    });
    const all = repricing.groups();
    const groups = values.changed === true ? all.filter((group) => group.changedCalls > 0) : all;
    if (values.json === true) {
      const report = { priceVersion: book.version, groups: groups.map(jsonOf) };
      context.write(`${JSON.stringify(report, undefined, 2)}\n`);
      return;
    }
    context.write(`${tableOf(groups)}${totalLine(all)}by ${book.version}\n`);
  },
};

function tableOf(groups: readonly RepricedGroup[]): string {
  const rows = groups.map((group) => [
    group.day,
    group.projectId,
    group.provider ?? "-",
    group.model ?? "-",
    String(group.calls),
    String(group.changedCalls),
    amountText(group.oldNanoUsd, group.oldUnknownCalls, group.calls),
    amountText(group.newNanoUsd, group.newUnknownCalls, group.calls),
    differenceText(group),
  ]);
  const numbers = ["calls", "changed", "old", "new", "difference"];
  return textTable(["day", "project", "provider", "model", ...numbers], rows, numbers);
}

/** An amount that leaves calls out says so; of calls that are all unknown there is none. */
function amountText(nanoUsd: bigint, unknownCalls: number, calls: number): string {
  if (unknownCalls === 0) return formatUsd(nanoUsd);
  const unknown = `${unknownCalls} unknown`;
  return unknownCalls === calls ? unknown : `${formatUsd(nanoUsd)} + ${unknown}`;
}

/** Undefined where nothing is known on one of the sides. */
function differenceOf(group: RepricedGroup): bigint | undefined {
  const { calls, oldUnknownCalls, newUnknownCalls } = group;
  if (oldUnknownCalls === calls || newUnknownCalls === calls) return undefined;
  return group.newNanoUsd - group.oldNanoUsd;
}

function differenceText(group: RepricedGroup): string {
  const difference = differenceOf(group);
  return difference === undefined ? "unknown" : formatUsd(difference);
}

function totalLine(groups: readonly RepricedGroup[]): string {
  const sum = { calls: 0, changed: 0, old: 0n, oldUnknown: 0, now: 0n, nowUnknown: 0 };
  for (const group of groups) {
    sum.calls += group.calls;
    sum.changed += group.changedCalls;
    sum.old += group.oldNanoUsd;
    sum.oldUnknown += group.oldUnknownCalls;
    sum.now += group.newNanoUsd;
    sum.nowUnknown += group.newUnknownCalls;
  }
  const old = amountText(sum.old, sum.oldUnknown, sum.calls);
  const now = amountText(sum.now, sum.nowUnknown, sum.calls);
  return `${sum.changed} of ${sum.calls} calls change: ${old} becomes ${now}, difference ${formatUsd(sum.now - sum.old)}\n`;
}

function jsonOf(group: RepricedGroup): Readonly<Record<string, unknown>> {
  const { oldNanoUsd, newNanoUsd, ...rest } = group;
  const difference = differenceOf(group);
  return {
    ...rest,
    oldUsd: rest.oldUnknownCalls === rest.calls ? null : usdDecimal(oldNanoUsd),
    newUsd: rest.newUnknownCalls === rest.calls ? null : usdDecimal(newNanoUsd),
    differenceUsd: difference === undefined ? null : usdDecimal(difference),
  };
}
