import { divideHalfUp } from "../money.ts";
import type { NanoUsd } from "../money.ts";
import type { NormalUsage } from "../usage/usage.ts";
import { costLines, textOutput, tierOf } from "./cost-lines.ts";
import type { PriceTier, UnitPrices } from "./unit-prices.ts";

const PICO_PER_NANO = 1000;

/**
 * The most that one call may cost, about nine million dollars. A count that costs more is wrong, and
 * everything up to here is exact in a double and fits the int64 column.
 */
export const MAX_CALL_COST_NANO_USD: NanoUsd = BigInt(Number.MAX_SAFE_INTEGER);

/** Largest sum of pico-USD that the arithmetic on doubles adds exactly, room for rounding included. */
const MAX_EXACT_PICO = Number.MAX_SAFE_INTEGER - PICO_PER_NANO;

/**
 * What a call costs: the sum of disjoint parts x unit price, exact, rounded half up to nano-USD once, at
 * the end.
 *
 * - 10 tokens at $0.02 per million: 10 x 20_000 pico = 200_000 pico = 200n.
 * - $3 per million, $6 above 200,000 input tokens: 199,999 tokens cost 599_997_000n, 200,000 still
 *   600_000_000n, 200,001 tokens 1_200_006_000n, because the tier prices the whole call.
 *
 * The tier is chosen by all input tokens, cached ones included. Undefined (unknown, never 0) when the
 * counts are missing in a direction that costs something, when they need a price the book does not have,
 * and above MAX_CALL_COST_NANO_USD.
 */
export function priceCall(usage: NormalUsage, prices: UnitPrices): NanoUsd | undefined {
  if (!isPriceable(usage, prices, tierOf(usage, prices))) return undefined;
  let pico = 0n;
  for (const { quantity, picoUsdEach } of costLines(usage, prices)) {
    pico += BigInt(quantity) * BigInt(picoUsdEach ?? 0);
  }
  const nano = divideHalfUp(pico, BigInt(PICO_PER_NANO));
  return nano > MAX_CALL_COST_NANO_USD ? undefined : nano;
}

/**
 * `priceCall` as a safe integer count of nano-USD, without a bigint unless the sum leaves the range in
 * which doubles are exact (calls above about $9,000). The same answer for every input.
 */
export function priceCallNumber(usage: NormalUsage, prices: UnitPrices): number | undefined {
  const tier = tierOf(usage, prices);
  if (!isPriceable(usage, prices, tier)) return undefined;
  const pico =
    prices.perRequestPicoUsd +
    picoUsd(usage.inputUncached, tier.input) +
    picoUsd(usage.cacheRead, tier.cacheRead) +
    picoUsd(usage.cacheWrite5m, tier.cacheWrite5m) +
    picoUsd(usage.cacheWrite1h, tier.cacheWrite1h) +
    picoUsd(usage.audioInput, tier.audioInput) +
    picoUsd(usage.imageInput, tier.imageInput) +
    picoUsd(textOutput(usage), tier.output) +
    picoUsd(usage.reasoning, tier.reasoning) +
    picoUsd(usage.audioOutput, tier.audioOutput) +
    picoUsd(usage.imageOutput, tier.imageOutput) +
    picoUsd(usage.webSearches, prices.perWebSearchPicoUsd);
  // No term is negative, so a sum in range had every term in range, and each was exact.
  if (pico <= MAX_EXACT_PICO) return Math.floor((pico + PICO_PER_NANO / 2) / PICO_PER_NANO);
  const exact = priceCall(usage, prices);
  return exact === undefined ? undefined : Number(exact);
}

/** Every direction that could cost something is counted, and everything that was counted has a price. */
function isPriceable(usage: NormalUsage, prices: UnitPrices, tier: PriceTier): boolean {
  const { input, output, webSearches } = usage;
  if (input === undefined && output === undefined) return false;
  if (tier.input === undefined && tier.output === undefined) return false;
  const isInputFine =
    input === undefined
      ? isFree(tier.input) && hasNoInputParts(usage)
      : input === 0 || tier.input !== undefined;
  if (!isInputFine || !isOutputPriceable(usage, prices, tier)) return false;
  return webSearches === undefined || webSearches === 0 || prices.perWebSearchPicoUsd !== undefined;
}

function isOutputPriceable(usage: NormalUsage, prices: UnitPrices, tier: PriceTier): boolean {
  const { output, imageOutput } = usage;
  if (output === 0) return true;
  if (prices.hasUncountedOutput) return false;
  if (prices.hasImageOutputPrice && imageOutput === undefined) return false;
  if (output === undefined) return isFree(tier.output) && hasNoOutputParts(usage);
  // Images may be all that the model puts out, and all that has a price.
  return tier.output !== undefined || (output === imageOutput && tier.imageOutput !== undefined);
}

/** Costs nothing, or is not sold: an embedding model has no output price, and its spans no output count. */
function isFree(price: number | undefined): boolean {
  return price === undefined || price === 0;
}

/** Parts of an unknown whole are a contradiction: there is something to pay for, and nobody knows how much. */
function hasNoInputParts(usage: NormalUsage): boolean {
  const {
    cacheRead = 0,
    cacheWrite5m = 0,
    cacheWrite1h = 0,
    audioInput = 0,
    imageInput = 0,
  } = usage;
  return cacheRead + cacheWrite5m + cacheWrite1h + audioInput + imageInput === 0;
}

function hasNoOutputParts({
  reasoning = 0,
  audioOutput = 0,
  imageOutput = 0,
}: NormalUsage): boolean {
  return reasoning + audioOutput + imageOutput === 0;
}

function picoUsd(units: number | undefined, picoPerUnit: number | undefined): number {
  return units === undefined || picoPerUnit === undefined ? 0 : units * picoPerUnit;
}
