import { parsePriceEntries } from "@lensai/otel-config/pricing/parse-price-entries";
import { appendPriceEntries } from "../prices/price-file.ts";
import { parseArguments, parseTime, requireWords, usageError } from "./arguments.ts";
import { readSettings } from "./cli-context.ts";
import type { Command } from "./cli-context.ts";
import { changeText } from "./price-text.ts";

/** Options that name a price, and the name of the price in the document. */
const PRICE_OPTIONS = {
  input: "input_mtok",
  output: "output_mtok",
  "cache-read": "cache_read_mtok",
  "cache-write": "cache_write_mtok",
  "cache-write-1h": "cache_write_1h_mtok",
  reasoning: "output_reasoning_mtok",
  "audio-input": "input_audio_mtok",
  "audio-output": "output_audio_mtok",
  "image-input": "input_image_mtok",
  "image-output": "output_image_mtok",
  request: "requests_kcount",
  search: "web_searches_kcount",
} as const;

type PriceOption = keyof typeof PRICE_OPTIONS;

const text = { type: "string" } as const;

const OPTIONS = {
  ...(Object.fromEntries(Object.keys(PRICE_OPTIONS).map((name) => [name, text])) as Record<
    PriceOption,
    typeof text
  >),
  multiplier: text,
  withdraw: { type: "boolean" },
  prefix: { type: "boolean" },
  project: text,
  "service-tier": text,
  from: text,
  until: text,
  source: text,
  by: text,
} as const;

/** Adds one override to the file that collectors watch. */
export const pricesSet: Command = {
  path: ["prices", "set"],
  usage: `<provider> <model> --source <where it says so> (${Object.keys(PRICE_OPTIONS)
    .map((name) => `--${name} <$>`)
    .join(
      " ",
    )} | --multiplier <factor> | --withdraw) [--prefix] [--service-tier <name>] [--project <id>] [--from <time>] [--until <time>] [--by <name>]`,
  summary: "override a price: $ per million tokens, per thousand requests or searches",
  run: async (argv, context) => {
    const { values, positionals } = parseArguments(argv, OPTIONS);
    const { provider, model } = requireWords(positionals, ["provider", "model"]);
    const prices = Object.fromEntries(
      (Object.keys(PRICE_OPTIONS) as PriceOption[])
        .filter((name) => values[name] !== undefined)
        .map((name) => [PRICE_OPTIONS[name], values[name]]),
    );
    const { entries, problems } = parsePriceEntries({
      formatVersion: 1,
      entries: [
        defined({
          provider,
          [values.prefix === true ? "modelPrefix" : "model"]: model,
          project: values.project,
          serviceTier: values["service-tier"],
          prices: Object.keys(prices).length === 0 ? undefined : prices,
          multiplier: values.multiplier,
          withdrawn: values.withdraw,
          validFrom: parseTime("from", values.from)?.toISOString(),
          validUntil: parseTime("until", values.until)?.toISOString(),
          recordedAt: context.now().toISOString(),
          recordedBy: values.by ?? context.userName,
          source: values.source,
        }),
      ],
    });
    const [entry] = entries;
    if (entry === undefined) throw usageError(problems.map(withoutIndex).join("; "));
    const { pricesFile } = readSettings(context);
    const layer = await appendPriceEntries(pricesFile, [entry]);
    context.write(`${changeText(entry)}\nwritten to ${pricesFile} (${layer.version})\n`);
  },
};

function defined(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** There is only one entry here, so that its number says nothing. */
const withoutIndex = (problem: string): string => problem.replace(/^entries\[0\][.:]? ?/, "");
