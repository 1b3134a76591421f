import { calcPrice, findProvider } from "@pydantic/genai-prices";
import type { ConditionalPrice, ModelInfo } from "@pydantic/genai-prices";
import type { PriceBook } from "./price-book.ts";
import { canonicalProvider } from "./provider-names.ts";
import { unitPricesOf } from "./unit-prices.ts";
import type { UnitPrices } from "./unit-prices.ts";

/** Stored with every row that this book priced. A test compares it with the installed package. */
export const BASE_BOOK_VERSION = "genai-prices@0.1.8";

/** Longer names name no model and no provider; matching time and cache memory grow with the length. */
const MAX_NAME_LENGTH = 256;

/** Models kept resolved, unknown ones too: resolving takes tens of microseconds. About 1 KB each. */
const MAX_CACHED_MODELS = 4096;

/** Periods kept of one model: time-of-day prices change up to five times a day. */
const MAX_CACHED_PERIODS = 8;

const DAY_MS = 86_400_000;

/** The book's provider id where it is not the canonical name. */
const BOOK_PROVIDER_IDS: ReadonlyMap<string, string> = new Map([
  ["azure.ai.openai", "azure"],
  ["azure.ai.inference", "azure"],
  ["aws.bedrock", "aws"],
  ["gcp.gen_ai", "google"],
  ["gcp.vertex_ai", "google"],
  ["gcp.gemini", "google"],
  ["mistral_ai", "mistral"],
  ["x_ai", "x-ai"],
  ["moonshot_ai", "moonshotai"],
  ["together_ai", "together"],
  ["together-ai", "together"],
  ["togetherai", "together"],
  ["fireworks_ai", "fireworks"],
  ["fireworks-ai", "fireworks"],
  ["github_copilot", "github-copilot"],
  ["voyage", "voyageai"],
  ["voyage_ai", "voyageai"],
]);

/** Google's API names its models "models/gemini-2.5-pro". */
const GOOGLE_API_PREFIX = /^models\//;

/** An empty provider says as little as a missing one. */
const NOT_SAID = "";

/** A gateway: the book reads the provider out of its "provider/model" names. */
const LITELLM = "litellm";

/**
 * The book of published list prices: historic, tiered, by time of day. Data of the pinned
 * @pydantic/genai-prices package; nothing is fetched.
 *
 * A provider that the book does not know has no prices, even when another provider sells a model of the
 * same name: a self-hosted copy does not cost what the hosted one does. Without a provider (or with an
 * empty one), the model name alone must say whose it is.
 */
export function createBaseBook(): PriceBook {
  const cache = new Map<string, UnitPrices[]>();
  return {
    version: BASE_BOOK_VERSION,
    resolve: (provider, model, at) => {
      const said = provider?.trim() ?? NOT_SAID;
      if (Number.isNaN(at.getTime()) || said.length + model.length > MAX_NAME_LENGTH)
        return undefined;
      // The length keeps names apart that would read the same side by side.
      const key = `${said.length}:${said}${model}`;
      const periods = cache.get(key);
      if (periods?.length === 0) return undefined;
      return periods?.find(holdsAt(at)) ?? remember(cache, key, lookUp(said, model, at));
    },
  };
}

function holdsAt(at: Date): (prices: UnitPrices) => boolean {
  const atMs = at.getTime();
  return ({ validFromMs, validUntilMs }) => atMs >= validFromMs && atMs < validUntilMs;
}

/** Keeps a model's prices by period; an unknown model is unknown at all times, and has no periods. */
function remember(
  cache: Map<string, UnitPrices[]>,
  key: string,
  prices: UnitPrices | undefined,
): UnitPrices | undefined {
  const periods = cache.get(key) ?? [];
  if (prices !== undefined) {
    if (periods.length === MAX_CACHED_PERIODS) periods.shift();
    periods.push(prices);
  }
  if (!cache.has(key)) dropOldest(cache, MAX_CACHED_MODELS);
  cache.set(key, periods);
  return prices;
}

function dropOldest(cache: Map<string, unknown>, limit: number): void {
  if (cache.size < limit) return;
  for (const oldest of cache.keys()) {
    cache.delete(oldest);
    return;
  }
}

function lookUp(provider: string, model: string, at: Date): UnitPrices | undefined {
  const providerId = provider === NOT_SAID ? undefined : bookProviderId(provider);
  if (provider !== NOT_SAID && providerId === undefined) return undefined;
  const options = { timestamp: at, ...(providerId === undefined ? {} : { providerId }) };
  const found = calcPrice({}, model.replace(GOOGLE_API_PREFIX, ""), options);
  if (found === null) return undefined;
  return unitPricesOf(found.model_price, validPeriod(found.model.prices, at.getTime()));
}

function bookProviderId(provider: string): string | undefined {
  const name = canonicalProvider(provider);
  if (name === LITELLM) return LITELLM;
  const id = BOOK_PROVIDER_IDS.get(name) ?? name;
  // The book's own search also takes a part of a name ("my-openai-proxy" is OpenAI): too generous here.
  return findProvider({ providerId: id })?.id === id ? id : undefined;
}

/** The longest period around `atMs` in which no price condition of the model changes. */
function validPeriod(
  prices: ModelInfo["prices"],
  atMs: number,
): { fromMs: number; untilMs: number } {
  let fromMs = -Infinity;
  let untilMs = Infinity;
  if (!Array.isArray(prices)) return { fromMs, untilMs };
  for (const boundaryMs of prices.flatMap((entry) => boundaries(entry.constraint, atMs))) {
    if (boundaryMs <= atMs) fromMs = Math.max(fromMs, boundaryMs);
    else untilMs = Math.min(untilMs, boundaryMs);
  }
  return { fromMs, untilMs };
}

/** The moments around `atMs` at which the condition starts or stops to hold. */
function boundaries(constraint: ConditionalPrice["constraint"], atMs: number): number[] {
  if (constraint === undefined) return [];
  if (constraint.type === "start_date") return [Date.parse(constraint.start_date)];
  const dayMs = Math.floor(atMs / DAY_MS) * DAY_MS;
  return [constraint.start_time, constraint.end_time].flatMap((time) => {
    const inDayMs = (Date.parse(`1970-01-02T${time}`) + DAY_MS) % DAY_MS;
    return [dayMs - DAY_MS + inDayMs, dayMs + inDayMs, dayMs + DAY_MS + inDayMs];
  });
}
