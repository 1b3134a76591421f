import type { PriceAnswer } from "@lensai/otel-config/pricing/price-book";
import { parseArguments, parseTime, requireWords } from "./arguments.ts";
import type { Command } from "./cli-context.ts";
import { loadPriceBook } from "./load-price-book.ts";
import { namedPriceRows, originLines } from "./price-text.ts";
import { textTable } from "./text-table.ts";

const GAPS: Readonly<Record<string, string>> = {
  provider: "the book does not know the provider",
  model: "the book does not know the model",
  service_tier: "the book has no price for the model in this service tier",
};

/** Prints what one model costs, and who says so. */
export const pricesShow: Command = {
  path: ["prices", "show"],
  usage:
    "<provider> <model> [--at <time>] [--project <id>] [--service-tier <name>] [--recorded-until <time>] [--json]",
  summary: "what a model costs, and who says so",
  run: async (argv, context) => {
    const { values, positionals } = parseArguments(argv, {
      at: { type: "string" },
      project: { type: "string" },
      "service-tier": { type: "string" },
      "recorded-until": { type: "string" },
      json: { type: "boolean" },
    });
    const { provider, model } = requireWords(positionals, ["provider", "model"]);
    const at = parseTime("at", values.at) ?? context.now();
    const book = await loadPriceBook(context);
    const answer = book.resolve({
      provider,
      model,
      at,
      projectId: values.project,
      serviceTier: values["service-tier"],
      recordedUntil: parseTime("recorded-until", values["recorded-until"]),
    });
    if (values.json === true) {
      const { named, gap, overrides } = answer;
      const facts = { provider, model, at, prices: named ?? null, gap: gap ?? null, overrides };
      context.write(`${JSON.stringify({ ...facts, version: book.version }, undefined, 2)}\n`);
      return;
    }
    context.write(describe(answer, { title: `${provider} ${model}`, at, version: book.version }));
  },
};

function describe(
  answer: PriceAnswer,
  { title, at, version }: { title: string; at: Date; version: string },
): string {
  const { named, gap } = answer;
  if (named === undefined) return `${title}: unknown; ${GAPS[gap ?? "model"]}\n`;
  const rows = namedPriceRows(named);
  const prices =
    rows.length === 0
      ? "free of charge\n"
      : textTable(["price", "US dollars"], rows, ["US dollars"]);
  const origins = originLines(answer, version).map((line) => `  ${line}\n`);
  return `${title} at ${at.toISOString()}\n${prices}from\n${origins.join("")}${periodText(answer)}`;
}

function periodText({ validFromMs, validUntilMs }: PriceAnswer): string {
  const from = Number.isFinite(validFromMs) ? ` from ${new Date(validFromMs).toISOString()}` : "";
  const until = Number.isFinite(validUntilMs)
    ? ` until ${new Date(validUntilMs).toISOString()}`
    : "";
  return from === "" && until === "" ? "" : `holds${from}${until}\n`;
}
