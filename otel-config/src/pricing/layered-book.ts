import { BASE_BOOK_VERSION, listPrice } from "./base-book.ts";
import type { Listing } from "./base-book.ts";
import type { AppliedOverride, PriceAnswer, PriceBook, PriceQuery } from "./price-book.ts";
import { indexLayer } from "./layer-index.ts";
import type { LayerIndex, Subject } from "./layer-index.ts";
import { LIST_CORRECTIONS } from "./list-corrections.ts";
import { LIST_TIERS } from "./list-tiers.ts";
import type { PriceChange, PriceLayer } from "./price-layer.ts";
import { canonicalProvider } from "./provider-names.ts";
import { STANDARD_TIER, canonicalServiceTier } from "./service-tier.ts";
import { withoutSnapshot } from "./snapshot-name.ts";
import { multipliedPrices, unitPricesOf } from "./unit-prices.ts";
import type { BookPrices } from "./unit-prices.ts";

/** Questions kept answered, unknown models too: answering takes tens of microseconds. About 1 KB each. */
const MAX_CACHED_QUESTIONS = 4096;

/** Periods kept of one question: time-of-day prices change up to five times a day. */
const MAX_CACHED_PERIODS = 8;

const PUBLISHED: readonly PriceLayer[] = [LIST_CORRECTIONS, LIST_TIERS];

/** Prices that make a model known; all others are of parts, or fees. */
const WHOLE_PRICES = ["input_mtok", "output_mtok"] as const;

/** A gateway: its model names are "provider/model". */
const LITELLM = "litellm";

/**
 * The book of prices: the published list with its corrections, the published prices of service tiers, and
 * over them the layers given, lowest first. In each layer one entry counts, the most specific one (of the project before
 * of all; an exact name before a prefix; a longer prefix before a shorter one).
 *
 * The price of a tier is the standard price of the same question, negotiated changes included, with the
 * entries of the tier applied on top: half price for a batch is half of what the customer pays otherwise.
 * A tier without an entry of its own has no price.
 */
export function createPriceBook(overrides: readonly PriceLayer[] = []): PriceBook {
  return bookOf(PUBLISHED, overrides);
}

/** The published list alone, without corrections and service tiers. */
export function createListBook(): PriceBook {
  return bookOf([], []);
}

function bookOf(published: readonly PriceLayer[], overrides: readonly PriceLayer[]): PriceBook {
  const indexes = [...published.map(publishedIndex), ...overrides.map(indexLayer)];
  const versions = [...published, ...overrides].map((layer) => layer.version);
  const cache = new Map<string, PriceAnswer[]>();
  return {
    version: [BASE_BOOK_VERSION, ...versions].join("+"),
    resolve: (query) => {
      if (query.recordedUntil !== undefined) return answer(indexes, query);
      const { provider = "", model, projectId = "", serviceTier = "" } = query;
      const key = JSON.stringify([provider, model, projectId, serviceTier]);
      const atMs = query.at.getTime();
      const known = cache
        .get(key)
        ?.find(({ validFromMs, validUntilMs }) => atMs >= validFromMs && atMs < validUntilMs);
      return known ?? remember(cache, key, answer(indexes, query));
    },
  };
}

/** What was published is part of a version of the book, as the list is: it was not recorded by anybody here. */
function publishedIndex(layer: PriceLayer): LayerIndex {
  const index = indexLayer(layer);
  return { name: index.name, find: (subject, at) => index.find(subject, at, undefined) };
}

function remember(cache: Map<string, PriceAnswer[]>, key: string, found: PriceAnswer): PriceAnswer {
  const periods = cache.get(key) ?? [];
  if (periods.length === MAX_CACHED_PERIODS) periods.shift();
  periods.push(found);
  if (!cache.has(key) && cache.size >= MAX_CACHED_QUESTIONS) {
    cache.delete(cache.keys().next().value as string);
  }
  cache.set(key, periods);
  return found;
}

/** A price while the layers are applied to it. */
interface Draft {
  prices: BookPrices | undefined;
  fromMs: number;
  untilMs: number;
  readonly overrides: AppliedOverride[];
}

function answer(indexes: readonly LayerIndex[], query: PriceQuery): PriceAnswer {
  const { provider, model } = unwrapGateway(query);
  const listing = listPrice(provider, model, query.at);
  const draft: Draft = {
    prices: listing.prices,
    fromMs: listing.fromMs,
    untilMs: listing.untilMs,
    overrides: [],
  };
  const tier = canonicalServiceTier(query.serviceTier);
  let gap = listing.gap;
  if (listing.provider !== undefined) {
    const subject: Subject = {
      provider: listing.provider,
      model,
      undatedModel: undatedModel(provider, model, { at: query.at, listing }),
      projectId: query.projectId,
      serviceTier: STANDARD_TIER,
    };
    applyLayers(draft, { indexes, subject, query });
    if (tier !== STANDARD_TIER) {
      const hasStandard = draft.prices !== undefined;
      const hasTier = applyLayers(draft, {
        indexes,
        subject: { ...subject, serviceTier: tier },
        query,
      });
      if (!hasTier) draft.prices = undefined;
      if (hasStandard) gap = "service_tier";
    }
  }
  return {
    prices: draft.prices === undefined ? undefined : unitPricesOf(draft.prices),
    named: draft.prices,
    gap: draft.prices === undefined ? gap : undefined,
    validFromMs: draft.fromMs,
    validUntilMs: draft.untilMs,
    overrides: draft.prices === undefined ? [] : draft.overrides,
  };
}

/**
 * What a dated snapshot is called without its date, when the list takes both for the same model (or knows
 * neither): an answer names the snapshot where a price is agreed for the model.
 */
function undatedModel(
  provider: string | undefined,
  model: string,
  { at, listing }: { at: Date; listing: Listing },
): string | undefined {
  const undated = withoutSnapshot(model);
  if (undated === model) return undefined;
  return listPrice(provider, undated, at).prices === listing.prices ? undated : undefined;
}

/** Changes the draft by one entry of every layer that has one; false when none had. */
function applyLayers(
  draft: Draft,
  from: { indexes: readonly LayerIndex[]; subject: Subject; query: PriceQuery },
): boolean {
  const { indexes, subject, query } = from;
  let isChanged = false;
  for (const index of indexes) {
    const { entry, fromMs, untilMs } = index.find(subject, query.at, query.recordedUntil);
    draft.fromMs = Math.max(draft.fromMs, fromMs);
    draft.untilMs = Math.min(draft.untilMs, untilMs);
    if (entry === undefined) continue;
    const changed = changedPrices(draft.prices, entry.change);
    if (changed === undefined) continue;
    draft.prices = changed;
    draft.overrides.push({ layer: index.name, entry });
    isChanged = true;
  }
  return isChanged;
}

/** Undefined when the change needs a price below it and there is none: a part has no price without a whole. */
function changedPrices(below: BookPrices | undefined, change: PriceChange): BookPrices | undefined {
  if (change.kind === "withdrawal") return undefined;
  if (change.kind === "prices") {
    const isWhole = WHOLE_PRICES.some((name) => change.prices[name] !== undefined);
    return below === undefined && !isWhole ? undefined : { ...below, ...change.prices };
  }
  return below === undefined ? undefined : multipliedPrices(below, change);
}

function unwrapGateway({ provider, model }: PriceQuery): {
  provider: string | undefined;
  model: string;
} {
  const slash = model.indexOf("/");
  if (provider === undefined || slash < 1 || canonicalProvider(provider) !== LITELLM) {
    return { provider, model };
  }
  return { provider: model.slice(0, slash), model: model.slice(slash + 1) };
}
