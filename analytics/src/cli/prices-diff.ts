import { comparePrices } from "@lensai/otel-config/pricing/compare-prices";
import type { PriceDifference } from "@lensai/otel-config/pricing/compare-prices";
import type { ListedModel } from "@lensai/otel-config/pricing/litellm-list";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import { canonicalProvider } from "@lensai/otel-config/pricing/provider-names";
import { parseArguments, parseTime, requireWords } from "./arguments.ts";
import type { Command } from "./cli-context.ts";
import { loadPriceBook } from "./load-price-book.ts";
import { unitPriceText } from "./price-text.ts";
import { litellmList, readJsonFile } from "./read-litellm-file.ts";
import { textTable } from "./text-table.ts";

interface ModelDifference extends PriceDifference {
  readonly model: ListedModel;
}

/** Compares the book in use with a list in the format of LiteLLM, for the models that both know. */
export const pricesDiff: Command = {
  path: ["prices", "diff"],
  usage: "<list.json> [--provider <name>] [--at <time>] [--both-named] [--json]",
  summary: "where a list in LiteLLM's format says other prices than the book in use",
  run: async (argv, context) => {
    const { values, positionals } = parseArguments(argv, {
      provider: { type: "string" },
      at: { type: "string" },
      "both-named": { type: "boolean" },
      json: { type: "boolean" },
    });
    const { list } = requireWords(positionals, ["list"]);
    const at = parseTime("at", values.at) ?? context.now();
    const book = await loadPriceBook(context);
    const provider = values.provider && canonicalProvider(values.provider);
    const models = litellmList(await readJsonFile(list, context)).models.filter(
      (model) => provider === undefined || model.provider === provider,
    );
    const { differences, known } = compareList(models, book, at);
    const shown = differences.filter(
      ({ isNamedByUs, isNamedByThem }) =>
        values["both-named"] !== true || (isNamedByUs && isNamedByThem),
    );
    if (values.json === true) {
      context.write(`${JSON.stringify(shown.map(jsonOf), undefined, 2)}\n`);
      return;
    }
    context.write(tableOf(shown));
    const unknown = models.length - known;
    context.write(
      `${shown.length} differences; ${known} of ${models.length} prices are of models that the book knows, ${unknown} are not\n`,
    );
  },
};

function compareList(
  models: readonly ListedModel[],
  book: PriceBook,
  at: Date,
): { differences: ModelDifference[]; known: number } {
  let known = 0;
  const differences = models.flatMap((model) => {
    const { named } = book.resolve({ ...model, at });
    if (named === undefined) return [];
    known += 1;
    return comparePrices(named, model.prices).map((found) => Object.assign(found, { model }));
  });
  return { differences, known };
}

/** theirs / ours, as far as it says something. */
function ratioOf({ oursPico, theirsPico }: PriceDifference): number | undefined {
  return oursPico === undefined || theirsPico === undefined || oursPico === 0
    ? undefined
    : theirsPico / oursPico;
}

function tableOf(differences: readonly ModelDifference[]): string {
  const rows = differences.map((found) => {
    const { model, unit, oursPico, theirsPico, isNamedByUs, isNamedByThem } = found;
    return [
      model.provider,
      model.model,
      model.serviceTier,
      unit,
      `${unitPriceText(unit, oursPico)}${mark(isNamedByUs)}`,
      `${unitPriceText(unit, theirsPico)}${mark(isNamedByThem)}`,
      ratioOf(found)?.toFixed(3) ?? "",
    ];
  });
  const head = ["provider", "model", "tier", "price", "ours", "theirs", "ratio"];
  const note = "* not named by the list: what it would charge then\n";
  return textTable(head, rows, ["ours", "theirs", "ratio"]) + (rows.length === 0 ? "" : note);
}

/** Marks a price that follows from another one. */
const mark = (isNamed: boolean): string => (isNamed ? "" : "*");

function jsonOf(found: ModelDifference): Readonly<Record<string, unknown>> {
  const { model, unit, oursPico, theirsPico, isNamedByUs, isNamedByThem } = found;
  return {
    provider: model.provider,
    model: model.model,
    serviceTier: model.serviceTier,
    price: unit,
    ours: oursPico === undefined ? null : unitPriceText(unit, oursPico),
    theirs: theirsPico === undefined ? null : unitPriceText(unit, theirsPico),
    ratio: ratioOf(found) ?? null,
    isNamedByUs,
    isNamedByThem,
  };
}
