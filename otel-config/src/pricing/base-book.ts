import { calcPrice, findProvider } from "@pydantic/genai-prices";
import type { ConditionalPrice, ModelInfo } from "@pydantic/genai-prices";
import type { PriceGap } from "./price-book.ts";
import { canonicalProvider } from "./provider-names.ts";
import type { BookPrices } from "./unit-prices.ts";

/** Stored with every row that this book priced. A test compares it with the installed package. */
export const BASE_BOOK_VERSION = "genai-prices@0.1.8";

/** Longer names name no model and no provider; matching time grows with the length. */
const MAX_NAME_LENGTH = 256;

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

/** Google names its models "models/gemini-2.5-pro" or "projects/…/publishers/google/models/gemini-2.5-pro". */
const GOOGLE_API_PREFIX =
  /^(?:(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/[^/]+\/)?models\//;

/** An empty provider says as little as a missing one. */
const NOT_SAID = "";

/** A list price, and the longest period around the moment asked for in which it does not change. */
export interface Listing {
  readonly prices: BookPrices | undefined;
  readonly gap: PriceGap | undefined;
  /** Canonical name of who sells the model; undefined when nobody knows. */
  readonly provider: string | undefined;
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * The published list price: historic, tiered, by time of day. Data of the pinned @pydantic/genai-prices
 * package; nothing is fetched. Takes tens of microseconds.
 *
 * A provider that the list does not know has no prices, even when another provider sells a model of the
 * same name: a self-hosted copy does not cost what the hosted one does. Without a provider (or with an
 * empty one), the model name alone must say whose it is.
 */
export function listPrice(provider: string | undefined, model: string, at: Date): Listing {
  const said = provider?.trim() ?? NOT_SAID;
  const named = said === NOT_SAID ? undefined : canonicalProvider(said);
  if (Number.isNaN(at.getTime())) return NEVER;
  if (said.length + model.length > MAX_NAME_LENGTH) return unlisted(named, "model");
  const providerId = named === undefined ? undefined : bookProviderId(named);
  if (named !== undefined && providerId === undefined) return unlisted(named, "provider");
  const options = { timestamp: at, ...(providerId !== undefined && { providerId }) };
  const found = calcPrice({}, model.replace(GOOGLE_API_PREFIX, ""), options);
  if (found === null) return unlisted(named, "model");
  return {
    prices: found.model_price,
    gap: undefined,
    provider: named ?? canonicalProvider(found.provider.id),
    ...validPeriod(found.model.prices, at.getTime()),
  };
}

/** The answer for a time that is none holds at no time. */
const NEVER: Listing = {
  prices: undefined,
  gap: "model",
  provider: undefined,
  fromMs: Infinity,
  untilMs: -Infinity,
};

const unlisted = (provider: string | undefined, gap: PriceGap): Listing => ({
  prices: undefined,
  gap,
  provider,
  fromMs: -Infinity,
  untilMs: Infinity,
});

/** The id that the list has a provider under; undefined for one that it does not know. */
export function bookProviderId(name: string): string | undefined {
  const id = BOOK_PROVIDER_IDS.get(name) ?? name;
  // The list's own search also takes a part of a name ("my-openai-proxy" is OpenAI): too generous here.
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
