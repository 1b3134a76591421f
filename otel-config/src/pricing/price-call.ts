import { divideHalfUp } from "../money.ts";
import type { NanoUsd } from "../money.ts";
import type { NormalUsage } from "../usage/usage.ts";
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
  const tier = tierOf(usage, prices);
  if (!isPriceable(usage, prices, tier)) return undefined;
  let pico = BigInt(prices.perRequestPicoUsd);
  pico += exactPicoUsd(usage.inputUncached, tier.input);
  pico += exactPicoUsd(usage.cacheRead, tier.cacheRead);
  pico += exactPicoUsd(usage.cacheWrite5m, tier.cacheWrite5m);
  pico += exactPicoUsd(usage.cacheWrite1h, tier.cacheWrite1h);
  pico += exactPicoUsd(usage.audioInput, tier.audioInput);
  pico += exactPicoUsd(usage.imageInput, tier.imageInput);
  pico += exactPicoUsd(textOutput(usage), tier.output);
  pico += exactPicoUsd(usage.reasoning, tier.reasoning);
  pico += exactPicoUsd(usage.audioOutput, tier.audioOutput);
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
    picoUsd(usage.audioOutput, tier.audioOutput);
  // No term is negative, so a sum in range had every term in range, and each was exact.
  if (pico <= MAX_EXACT_PICO) return Math.floor((pico + PICO_PER_NANO / 2) / PICO_PER_NANO);
  const exact = priceCall(usage, prices);
  return exact === undefined ? undefined : Number(exact);
}

/** The prices that apply to a call of this size. */
export function tierOf(usage: NormalUsage, prices: UnitPrices): PriceTier {
  let tier = prices.base;
  if (prices.tiers.length === 0 || usage.input === undefined) return tier;
  for (const next of prices.tiers) if (usage.input > next.aboveInputTokens) tier = next;
  return tier;
}

/** A direction is fine when its count is known and has a price, or when it cannot cost anything. */
function isPriceable(usage: NormalUsage, prices: UnitPrices, tier: PriceTier): boolean {
  const { input, output } = usage;
  if (input === undefined && output === undefined) return false;
  if (tier.input === undefined && tier.output === undefined) return false;
  if (prices.hasUncountedOutput && output !== 0) return false;
  const isInputFine =
    input === undefined ? isFree(tier.input) : input === 0 || tier.input !== undefined;
  return (
    isInputFine &&
    (output === undefined ? isFree(tier.output) : output === 0 || tier.output !== undefined)
  );
}

/** Costs nothing, or is not sold: an embedding model has no output price, and its spans no output count. */
function isFree(price: number | undefined): boolean {
  return price === undefined || price === 0;
}

/** Output that is neither reasoning nor audio. */
function textOutput(usage: NormalUsage): number {
  if (usage.output === undefined) return 0;
  return usage.output - (usage.reasoning ?? 0) - (usage.audioOutput ?? 0);
}

function picoUsd(tokens: number | undefined, picoPerToken: number | undefined): number {
  return tokens === undefined || picoPerToken === undefined ? 0 : tokens * picoPerToken;
}

function exactPicoUsd(tokens: number | undefined, picoPerToken: number | undefined): bigint {
  return tokens === undefined || picoPerToken === undefined
    ? 0n
    : BigInt(tokens) * BigInt(picoPerToken);
}
