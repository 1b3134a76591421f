import { comparePrices } from "@lensai/otel-config/pricing/compare-prices";
import type { ListedModel } from "@lensai/otel-config/pricing/litellm-list";
import { parsePriceEntries } from "@lensai/otel-config/pricing/parse-price-entries";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import type { PriceEntry } from "@lensai/otel-config/pricing/price-layer";
import { canonicalProvider } from "@lensai/otel-config/pricing/provider-names";
import { appendPriceEntries, readPriceFile } from "../prices/price-file.ts";
import { parseArguments, parseTime, requireWords, usageError } from "./arguments.ts";
import { readSettings } from "./cli-context.ts";
import type { CliContext, Command } from "./cli-context.ts";
import { loadPriceBook } from "./load-price-book.ts";
import { litellmList, readJsonFile } from "./read-litellm-file.ts";

interface ImportOptions {
  readonly provider: string | undefined;
  readonly source: string | undefined;
  readonly by: string;
  readonly from: Date | undefined;
  readonly isOnlyUnknown: boolean;
}

/** Adds the entries of a document, or the models of a list in LiteLLM's format, to the override file. */
export const pricesImport: Command = {
  path: ["prices", "import"],
  usage:
    "<file.json> [--provider <name>] [--only-unknown] [--source <where it says so>] [--from <time>] [--by <name>] [--dry-run]",
  summary: "add the prices of a document of ours, or of a list in LiteLLM's format",
  run: async (argv, context) => {
    const { values, positionals } = parseArguments(argv, {
      provider: { type: "string" },
      "only-unknown": { type: "boolean" },
      source: { type: "string" },
      from: { type: "string" },
      by: { type: "string" },
      "dry-run": { type: "boolean" },
    });
    const { file } = requireWords(positionals, ["file"]);
    const options: ImportOptions = {
      provider: values.provider && canonicalProvider(values.provider),
      source: values.source,
      by: values.by ?? context.userName,
      from: parseTime("from", values.from),
      isOnlyUnknown: values["only-unknown"] === true,
    };
    const document = await readJsonFile(file, context);
    const entries = isOwnDocument(document)
      ? await newEntries(document, context)
      : await listEntries(document, options, context);
    const { pricesFile } = readSettings(context);
    if (values["dry-run"] === true || entries.length === 0) {
      context.write(`${entries.length} entries would be added to ${pricesFile}\n`);
      return;
    }
    const layer = await appendPriceEntries(pricesFile, entries);
    context.write(`${entries.length} entries added to ${pricesFile} (${layer.version})\n`);
  },
};

function isOwnDocument(document: unknown): boolean {
  return typeof document === "object" && document !== null && "formatVersion" in document;
}

/** Entries that the file has already, word for word, are not added again. */
async function newEntries(document: unknown, context: CliContext): Promise<PriceEntry[]> {
  const { entries, problems } = parsePriceEntries(document);
  if (problems.length > 0) throw usageError(problems.map((problem) => `\n  - ${problem}`).join(""));
  const layer = await readPriceFile(readSettings(context).pricesFile);
  const known = new Set(layer?.entries.map((entry) => JSON.stringify(entry)));
  return entries.filter((entry) => !known.has(JSON.stringify(entry)));
}

/** What the book in use says already needs no override. */
async function listEntries(
  document: unknown,
  options: ImportOptions,
  context: CliContext,
): Promise<PriceEntry[]> {
  const { source } = options;
  if (source === undefined)
    throw usageError("--source is missing: where does this list come from?");
  const book = await loadPriceBook(context);
  const recordedAt = context.now();
  const { models, skipped } = litellmList(document);
  if (skipped.length > 0) {
    context.write(
      `${skipped.length} entries of the list have no price per token and are left out\n`,
    );
  }
  const candidates = withoutRepeats(models).filter(
    (model) => options.provider === undefined || model.provider === options.provider,
  );
  // All tiers of a model or none: a new standard price would change those that the list leaves out here.
  const news = new Set(
    candidates
      .filter((model) => isNews(model, { book, at: options.from ?? recordedAt, options }))
      .map(({ key }) => key),
  );
  return candidates
    .filter(({ key }) => news.has(key))
    .map(({ provider, model, serviceTier, prices }) => ({
      projectId: undefined,
      provider,
      model,
      match: "exact",
      serviceTier,
      change: { kind: "prices", prices },
      validFrom: options.from,
      validUntil: undefined,
      recordedAt,
      recordedBy: options.by,
      source,
    }));
}

function isNews(
  model: ListedModel,
  { book, at, options }: { book: PriceBook; at: Date; options: ImportOptions },
): boolean {
  const { named } = book.resolve({ ...model, at });
  if (named === undefined) return true;
  if (options.isOnlyUnknown) return false;
  // An override changes only what it names.
  return comparePrices(named, model.prices).some(({ isNamedByThem }) => isNamedByThem);
}

/** The list names some models with and without their provider: the first entry counts. */
function withoutRepeats(models: readonly ListedModel[]): ListedModel[] {
  const first = new Map<string, ListedModel>();
  for (const model of models) {
    const key = JSON.stringify([model.provider, model.model.toLowerCase(), model.serviceTier]);
    if (!first.has(key)) first.set(key, model);
  }
  return [...first.values()];
}
