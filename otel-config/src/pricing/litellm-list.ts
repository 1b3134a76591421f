import { multiplyDecimals } from "../money.ts";
import { canonicalProvider } from "./provider-names.ts";
import { STANDARD_TIER } from "./service-tier.ts";
import type { BookAmount, BookPrice, BookPrices } from "./unit-prices.ts";

/** The prices of one model in one service tier, as the list of the LiteLLM project has them. */
export interface ListedModel {
  /** The name of the entry in the list. */
  readonly key: string;
  /** Canonical. */
  readonly provider: string;
  /** Without the provider in front. */
  readonly model: string;
  readonly serviceTier: string;
  readonly prices: BookPrices;
}

export interface LitellmList {
  readonly models: readonly ListedModel[];
  /** Entries whose prices have a form that a call cannot be charged by here: per second, per page. */
  readonly skipped: readonly string[];
}

/** Its price names, per token or per one of something, and ours with the factor between the two. */
const NAMES: Readonly<Record<string, readonly [name: string, factor: number]>> = {
  input_cost_per_token: ["input_mtok", 1e6],
  output_cost_per_token: ["output_mtok", 1e6],
  cache_read_input_token_cost: ["cache_read_mtok", 1e6],
  cache_creation_input_token_cost: ["cache_write_mtok", 1e6],
  cache_creation_input_token_cost_above_1hr: ["cache_write_1h_mtok", 1e6],
  input_cost_per_audio_token: ["input_audio_mtok", 1e6],
  output_cost_per_audio_token: ["output_audio_mtok", 1e6],
  input_cost_per_image_token: ["input_image_mtok", 1e6],
  output_cost_per_image_token: ["output_image_mtok", 1e6],
  output_cost_per_reasoning_token: ["output_reasoning_mtok", 1e6],
  input_cost_per_request: ["requests_kcount", 1e3],
};

const SEARCH_FIELD = "search_context_cost_per_query";
const SEARCH_SIZE = "search_context_size_medium";
const SEARCH_PRICE = "web_searches_kcount";

/** Providers that the list divides by API or by maker of the model. */
const PROVIDER_PREFIXES: readonly (readonly [prefix: string, provider: string])[] = [
  ["vertex_ai", "gcp.vertex_ai"],
  ["bedrock", "aws.bedrock"],
  ["fireworks_ai", "fireworks_ai"],
  ["text-completion-openai", "openai"],
  ["text-completion-codestral", "mistral_ai"],
  ["codestral", "mistral_ai"],
];

const TIER_SUFFIXES: Readonly<Record<string, string>> = {
  _batches: "batch",
  _flex: "flex",
  _priority: "priority",
};

const FIELD = /^(.*?)(?:_above_(\d+)k_tokens)?(_batches|_flex|_priority)?$/;

/** The field that names the provider; without it an entry is a note, not a model. */
const PROVIDER_FIELD = "litellm_provider";
const SAMPLE_KEY = "sample_spec";

/**
 * Reads the list that LiteLLM publishes: an object of models, prices in dollars per token. Throws TypeError
 * for a document of another shape. A field that is not understood is left out; a model that then has no
 * price is named in `skipped`.
 */
export function readLitellmList(document: unknown): LitellmList {
  if (!isRecord(document)) throw new TypeError("the list is not an object of models by name");
  const models: ListedModel[] = [];
  const skipped: string[] = [];
  for (const [key, fields] of Object.entries(document)) {
    if (key === SAMPLE_KEY || !isRecord(fields)) continue;
    const owner = fields[PROVIDER_FIELD];
    if (typeof owner !== "string") continue;
    const byTier =
      "tiered_pricing" in fields ? new Map<string, BookPrices>() : pricesByTier(fields);
    if (!hasTokenPrice(byTier.get(STANDARD_TIER))) {
      skipped.push(key);
      continue;
    }
    for (const [serviceTier, prices] of byTier) {
      models.push({ key, ...nameOf(key, owner), serviceTier, prices });
    }
  }
  return { models, skipped };
}

function hasTokenPrice(prices: BookPrices | undefined): boolean {
  return prices?.["input_mtok"] !== undefined || prices?.["output_mtok"] !== undefined;
}

function nameOf(key: string, owner: string): { provider: string; model: string } {
  const family = PROVIDER_PREFIXES.find(([prefix]) => owner.startsWith(prefix));
  const provider = family?.[1] ?? canonicalProvider(owner);
  const slash = key.indexOf("/");
  const isPrefixed = slash > 0 && owner.startsWith(key.slice(0, slash));
  return { provider, model: isPrefixed ? key.slice(slash + 1) : key };
}

interface DraftPrice {
  base: BookAmount | undefined;
  readonly tiers: { start: number; price: BookAmount }[];
}

/** A field of an entry, understood: which of our prices it is, in which tier, above how many tokens. */
interface ListedPrice {
  readonly serviceTier: string;
  readonly name: string;
  readonly aboveTokens: number | undefined;
  readonly price: string;
}

function pricesByTier(fields: Readonly<Record<string, unknown>>): Map<string, BookPrices> {
  const listed = Object.entries(fields).flatMap(([field, value]) => readField(field, value) ?? []);
  const byTier = Map.groupBy(listed, ({ serviceTier }) => serviceTier);
  return new Map([...byTier].map(([serviceTier, ofTier]) => [serviceTier, settle(ofTier)]));
}

function readField(field: string, value: unknown): ListedPrice | undefined {
  if (field === SEARCH_FIELD) return readSearchPrice(value);
  const [, base = "", above, suffix] = FIELD.exec(field) ?? [];
  const [name, factor] = NAMES[base] ?? [];
  if (name === undefined || factor === undefined || typeof value !== "number") return undefined;
  const price = multiplyDecimals(value, factor);
  const serviceTier = suffix === undefined ? STANDARD_TIER : TIER_SUFFIXES[suffix];
  if (price === undefined || serviceTier === undefined) return undefined;
  const aboveTokens = above === undefined ? undefined : Number(above) * 1000;
  return { serviceTier, name, aboveTokens, price };
}

function readSearchPrice(value: unknown): ListedPrice | undefined {
  const dollars = isRecord(value) ? value[SEARCH_SIZE] : undefined;
  const price = typeof dollars === "number" ? multiplyDecimals(dollars, 1e3) : undefined;
  if (price === undefined) return undefined;
  return { serviceTier: STANDARD_TIER, name: SEARCH_PRICE, aboveTokens: undefined, price };
}

/** A price above a threshold without one below it says too little to charge by. */
function settle(listed: readonly ListedPrice[]): BookPrices {
  const drafts = new Map<string, DraftPrice>();
  for (const { name, aboveTokens, price } of listed) {
    const draft = drafts.get(name) ?? { base: undefined, tiers: [] };
    if (aboveTokens === undefined) draft.base = price;
    else draft.tiers.push({ start: aboveTokens, price });
    drafts.set(name, draft);
  }
  const prices: Record<string, BookPrice> = {};
  for (const [name, { base, tiers }] of drafts) {
    if (base === undefined) continue;
    prices[name] = tiers.length === 0 ? base : { base, tiers };
  }
  return prices;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
