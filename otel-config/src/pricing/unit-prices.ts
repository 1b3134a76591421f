import { multiplyDecimals, scaleDecimal } from "../money.ts";

/**
 * Pico-USD (1e-12 USD) per token, a safe integer: $0.075 per million tokens is 75_000. Whole for every
 * published price but a few averages (one third of $0.25), which are rounded to the nearest pico.
 */
export type PicoUsdPerToken = number;

/**
 * Prices that apply when a call has more than `aboveInputTokens` input tokens (cached ones included).
 * A part without a price of its own carries the price of what it is a part of (cache read -> input,
 * reasoning -> output), so undefined means that the whole direction has no price.
 */
export interface PriceTier {
  readonly aboveInputTokens: number;
  readonly input: PicoUsdPerToken | undefined;
  readonly cacheRead: PicoUsdPerToken | undefined;
  readonly cacheWrite5m: PicoUsdPerToken | undefined;
  readonly cacheWrite1h: PicoUsdPerToken | undefined;
  readonly audioInput: PicoUsdPerToken | undefined;
  readonly imageInput: PicoUsdPerToken | undefined;
  readonly output: PicoUsdPerToken | undefined;
  readonly reasoning: PicoUsdPerToken | undefined;
  readonly audioOutput: PicoUsdPerToken | undefined;
  readonly imageOutput: PicoUsdPerToken | undefined;
}

/** A number is read through its shortest decimal form; text has every digit. */
export type BookAmount = number | string;

/** Dollars per unit that the price's name says (`_mtok`: million tokens, `_kcount`: thousand). */
export type BookPrice =
  | BookAmount
  | { readonly base: BookAmount; readonly tiers: readonly BookTier[] };

interface BookTier {
  /** Applies to calls with more input tokens than this. */
  readonly start: number;
  readonly price: BookAmount;
}

/** The prices of a model by name, as the price data has them: {input_mtok: 2.5, requests_kcount: 14}. */
export type BookPrices = Readonly<Record<string, BookPrice | undefined>>;

/** What one model costs at one provider, in one service tier, during one period. */
export interface UnitPrices {
  /** The base prices. */
  readonly base: PriceTier;
  /** Further tiers by rising `aboveInputTokens`; the last one that applies prices the whole call. */
  readonly tiers: readonly PriceTier[];
  /** Charged once per call, pico-USD. */
  readonly perRequestPicoUsd: number;
  /** Charged per search that the provider ran, pico-USD; undefined when the book has no price for it. */
  readonly perWebSearchPicoUsd: number | undefined;
  /** Fees by use that no count of a row holds, pico-USD each, by the book's name: {"storage_searches": 2_500_000_000}. */
  readonly fees: Readonly<Record<string, number>>;
  /** Price names of the book that neither a token part nor a fee above stands for, such as "audio_hours". */
  readonly uncounted: readonly string[];
  /**
   * Image output has a price of its own. Where a row does not say how much of its output that was, a cost
   * would be wrong by an order of magnitude, so it is unknown.
   */
  readonly hasImageOutputPrice: boolean;
  /** The model bills a kind of output that no column counts (video): with output, a cost is unknown. */
  readonly hasUncountedOutput: boolean;
}

/** From $ per million tokens to pico-USD per token. */
const MTOK_TO_PICO_DIGITS = 6;
/** From $ per thousand to pico-USD each. */
const KCOUNT_TO_PICO_DIGITS = 9;

const MTOK_SUFFIX = "_mtok";
const KCOUNT_SUFFIX = "_kcount";
const REQUEST_FEE = "requests";
const SEARCH_FEE = "web_searches";

/** Price names of the book that a token part of the span row stands for. */
const TOKEN_PRICE_KEYS: ReadonlySet<string> = new Set([
  "input_mtok",
  "cache_read_mtok",
  "cache_write_mtok",
  "cache_write_5m_mtok",
  "cache_write_1h_mtok",
  "input_audio_mtok",
  "input_image_mtok",
  "output_mtok",
  "output_reasoning_mtok",
  "output_audio_mtok",
  "output_image_mtok",
]);

const IMAGE_OUTPUT_KEY = "output_image_mtok";
const UNCOUNTED_OUTPUT_KEY = "output_video_mtok";

/**
 * Exact unit prices of one entry of the price data. An empty entry is a model that is free of
 * charge (moderation, `:free` models): its prices are 0, known, unlike those of an entry that prices only
 * things that are not tokens (audio hours, pages): there the token prices are undefined.
 */
export function unitPricesOf(price: BookPrices): UnitPrices {
  const keys = Object.keys(price).filter((key) => price[key] !== undefined);
  const isFree = keys.length === 0;
  const starts = new Set(keys.flatMap((key) => tiersOf(price[key]).map((tier) => tier.start)));
  const tierAt = (above: number): PriceTier => priceTier(isFree ? FREE_OF_CHARGE : price, above);
  const fees: Record<string, number> = {};
  const uncounted: string[] = [];
  for (const key of keys) {
    const perThousand = price[key];
    if (key.endsWith(KCOUNT_SUFFIX) && isAmount(perThousand)) {
      fees[key.slice(0, -KCOUNT_SUFFIX.length)] = toPico(perThousand, KCOUNT_TO_PICO_DIGITS);
    } else if (!TOKEN_PRICE_KEYS.has(key)) uncounted.push(key);
  }
  const {
    [REQUEST_FEE]: perRequestPicoUsd = 0,
    [SEARCH_FEE]: perWebSearchPicoUsd,
    ...otherFees
  } = fees;
  return {
    base: tierAt(-1),
    tiers: [...starts].sort((a, b) => a - b).map(tierAt),
    perRequestPicoUsd,
    perWebSearchPicoUsd,
    fees: otherFees,
    uncounted,
    hasImageOutputPrice: keys.includes(IMAGE_OUTPUT_KEY),
    hasUncountedOutput: keys.includes(UNCOUNTED_OUTPUT_KEY),
  };
}

const FREE_OF_CHARGE: BookPrices = { input_mtok: 0, output_mtok: 0 };

function isAmount(price: BookPrice | undefined): price is BookAmount {
  return typeof price === "number" || typeof price === "string";
}

function tiersOf(price: BookPrice | undefined): readonly BookTier[] {
  return typeof price === "object" ? price.tiers : [];
}

/** Every price per token times a factor, exactly; the excepted ones and prices of other things stay. */
export function multipliedPrices(
  price: BookPrices,
  by: { readonly multiplier: BookAmount; readonly except: readonly string[] },
): BookPrices {
  const times = (amount: BookAmount): string => {
    const product = multiplyDecimals(amount, by.multiplier);
    if (product !== undefined) return product;
    throw new RangeError(`price ${amount} x ${by.multiplier} is not a number`);
  };
  return Object.fromEntries(
    Object.entries(price).map(([key, entry]) => {
      const isChanged = key.endsWith(MTOK_SUFFIX) && !by.except.includes(key);
      if (entry === undefined || !isChanged) return [key, entry];
      if (isAmount(entry)) return [key, times(entry)];
      const tiers = entry.tiers.map((tier) => ({ start: tier.start, price: times(tier.price) }));
      return [key, { base: times(entry.base), tiers }];
    }),
  );
}

/** Every price as it is for a call of just more than `above` input tokens; -1 for the base prices. */
function priceTier(price: BookPrices, above: number): PriceTier {
  const own = (key: string): PicoUsdPerToken | undefined => {
    const entry = price[key];
    if (entry === undefined) return undefined;
    if (isAmount(entry)) return toPico(entry, MTOK_TO_PICO_DIGITS);
    const rising = [...entry.tiers].sort((a, b) => a.start - b.start);
    const applies = rising.findLast((tier) => tier.start <= above);
    return toPico(applies?.price ?? entry.base, MTOK_TO_PICO_DIGITS);
  };
  const input = own("input_mtok");
  const output = own("output_mtok");
  const cacheWrite = own("cache_write_mtok") ?? input;
  return {
    aboveInputTokens: above,
    input,
    cacheRead: own("cache_read_mtok") ?? input,
    cacheWrite5m: own("cache_write_5m_mtok") ?? cacheWrite,
    cacheWrite1h: own("cache_write_1h_mtok") ?? cacheWrite,
    audioInput: own("input_audio_mtok") ?? input,
    imageInput: own("input_image_mtok") ?? input,
    output,
    reasoning: own("output_reasoning_mtok") ?? output,
    audioOutput: own("output_audio_mtok") ?? output,
    imageOutput: own(IMAGE_OUTPUT_KEY) ?? output,
  };
}

/** Every price name that a call can be charged by: per million tokens, or per thousand of a fee. */
export const PRICE_NAMES: ReadonlySet<string> = new Set([
  ...TOKEN_PRICE_KEYS,
  `${REQUEST_FEE}${KCOUNT_SUFFIX}`,
  `${SEARCH_FEE}${KCOUNT_SUFFIX}`,
]);

/** May the price of this name have this value? Not negative, at most about $9,000 per thousand. */
export function isPriceAmount(name: string, value: unknown): value is BookAmount {
  if (typeof value !== "number" && typeof value !== "string") return false;
  const digits = name.endsWith(KCOUNT_SUFFIX) ? KCOUNT_TO_PICO_DIGITS : MTOK_TO_PICO_DIGITS;
  return picoOf(value, digits) !== undefined;
}

/** Throws RangeError for a price that is not a number or costs more than $9,000 per token: a broken book. */
function toPico(usd: BookAmount, digits: number): number {
  const pico = picoOf(usd, digits);
  if (pico !== undefined) return pico;
  throw new RangeError(`price ${usd} is out of range; correct it in the price book`);
}

function picoOf(usd: BookAmount, digits: number): number | undefined {
  const pico = Number(scaleDecimal(usd, digits) ?? -1n);
  return pico >= 0 && Number.isSafeInteger(pico) ? pico : undefined;
}
