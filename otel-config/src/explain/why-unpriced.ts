import type { PriceBook, PriceGap } from "../pricing/price-book.ts";
import { STANDARD_TIER, canonicalServiceTier } from "../pricing/service-tier.ts";
import type { SpanRow } from "../span-row/span-row.ts";
import type { Finding } from "./finding.ts";
import { rowPrices } from "./row-prices.ts";
import { textOf, usageOfRow } from "./row-values.ts";
import { setPriceCommand } from "./set-price-command.ts";
import { usageRuleAdvice, usageRuleWords } from "./usage-words.ts";
import { whyUnpriceable } from "./why-unpriceable.ts";
import type { CostGap } from "./why-unpriceable.ts";

/** Why a model call has no cost by this book; undefined when the book can price it. */
export function whyUnpriced(row: SpanRow, book: PriceBook): Finding | undefined {
  const usage = usageOfRow(row);
  if (usage.input === undefined && usage.output === undefined) return noUsage(row);
  const found = rowPrices(row, book);
  if (found === undefined) {
    return {
      code: "no_model",
      text: "The record does not name a model, so there is no price to look up.",
      advice: "Record gen_ai.request.model or gen_ai.response.model.",
      command: undefined,
      unpriced: undefined,
    };
  }
  const { model, answer } = found;
  if (answer.prices === undefined) return unknownPrice(row, model, answer.gap ?? "model");
  const gap = whyUnpriceable(usage, answer.prices);
  return gap === undefined ? undefined : unpriceable(row, model, gap);
}

function noUsage(row: SpanRow): Finding {
  const rule = textOf(row, "usage_rule");
  const words = rule === undefined ? undefined : usageRuleWords(rule);
  return {
    code: "no_usage",
    text: `No usage was reported${words === undefined ? "" : `: ${words}`}. Without counts there is nothing to multiply with a price.`,
    advice: sentence(rule === undefined ? undefined : usageRuleAdvice(rule)),
    command: undefined,
    unpriced: undefined,
  };
}

function unknownPrice(row: SpanRow, model: string, gap: PriceGap): Finding {
  const provider = textOf(row, "provider");
  if (provider === undefined) {
    return {
      code: "no_provider",
      text: `The record names the model "${model}" but no provider, and the name alone does not say whose it is.`,
      advice: "Record gen_ai.provider.name; then the price book can be asked.",
      command: undefined,
      unpriced: undefined,
    };
  }
  const tier = canonicalServiceTier(textOf(row, "service_tier"));
  const unpriced = { provider, model, serviceTier: tier };
  return {
    code: `unknown_${gap}`,
    text: `The price book ${GAP_WORDS[gap]} (provider "${provider}", model "${model}"${tier === STANDARD_TIER ? "" : `, service tier "${tier}"`}).`,
    advice: "Give it a price; calls from then on are priced with it.",
    command: setPriceCommand(unpriced),
    unpriced,
  };
}

const GAP_WORDS: Readonly<Record<PriceGap, string>> = {
  provider: "does not know the provider",
  model: "does not know the model",
  service_tier: "knows the model, but has no price for it in this service tier",
};

/** What keeps a known price from giving a cost, and whether a price would help. */
const UNPRICEABLE: Readonly<Record<CostGap, { readonly text: string; readonly advice?: string }>> =
  {
    no_usage: { text: "there are no counts" },
    no_token_price: { text: "its entry in the price book prices other things than tokens" },
    input_not_counted: {
      text: "the input tokens were not reported, and they cost something",
      advice: "Record gen_ai.usage.input_tokens too.",
    },
    no_input_price: { text: "its entry in the price book has no price for input" },
    uncounted_output: { text: "it puts out something that no count of the record holds (video)" },
    image_output_not_counted: {
      text: "image output has a price of its own, and the record does not say how much of the output was images",
      advice: "Record gen_ai.usage.image.output_tokens, where the instrumentation can.",
    },
    output_not_counted: {
      text: "the output tokens were not reported, and they cost something",
      advice: "Record gen_ai.usage.output_tokens too.",
    },
    no_output_price: { text: "its entry in the price book has no price for output" },
    no_search_price: { text: "the provider searched, and the book has no price per search" },
    absurd_cost: { text: "the counts give a cost that no call can have, so a count must be wrong" },
  };

const PRICE_WOULD_HELP: ReadonlySet<CostGap> = new Set([
  "no_token_price",
  "no_input_price",
  "no_output_price",
  "no_search_price",
]);

function unpriceable(row: SpanRow, model: string, gap: CostGap): Finding {
  const { text, advice } = UNPRICEABLE[gap];
  const provider = textOf(row, "provider");
  const serviceTier = canonicalServiceTier(textOf(row, "service_tier"));
  const unpriced =
    PRICE_WOULD_HELP.has(gap) && provider !== undefined
      ? { provider, model, serviceTier }
      : undefined;
  return {
    code: gap,
    text: `The price of "${model}" is known, but the cost is not: ${text}.`,
    advice: unpriced ? "Add the missing price; calls from then on are priced with it." : advice,
    command: unpriced && setPriceCommand(unpriced),
    unpriced,
  };
}

function sentence(fragment: string | undefined): string | undefined {
  return fragment === undefined
    ? undefined
    : `${fragment.charAt(0).toUpperCase()}${fragment.slice(1)}.`;
}
