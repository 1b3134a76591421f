import { decimalText } from "@lensai/otel-config/money";
import type { PriceAnswer } from "@lensai/otel-config/pricing/price-book";
import type { PriceEntry } from "@lensai/otel-config/pricing/price-layer";
import type { BookPrice, BookPrices } from "@lensai/otel-config/pricing/unit-prices";

const PICO_PER_MTOK_DIGITS = 6;
const PICO_PER_K_DIGITS = 9;

/** A unit price as lists quote it: $ per million tokens, or per thousand of a fee. "-" when there is none. */
export function unitPriceText(unit: string, pico: number | undefined): string {
  if (pico === undefined) return "-";
  const digits = unit.includes("_kcount") ? PICO_PER_K_DIGITS : PICO_PER_MTOK_DIGITS;
  return decimalText(BigInt(pico), digits);
}

/** One line per price and tier: name, amount. */
export function namedPriceRows(prices: BookPrices): string[][] {
  return Object.entries(prices).flatMap(([name, price]) =>
    price === undefined ? [] : priceRows(name, price),
  );
}

function priceRows(name: string, price: BookPrice): string[][] {
  if (typeof price !== "object") return [[name, String(price)]];
  const above = price.tiers.map((tier) => [`${name} > ${tier.start} input`, String(tier.price)]);
  return [[name, String(price.base)], ...above];
}

/** Where a price comes from, one line per statement that has a part in it. */
export function originLines({ overrides }: PriceAnswer, bookVersion: string): string[] {
  return [
    `published list and layers ${bookVersion}`,
    ...overrides.map(({ layer, entry }) => `${changeText(entry)} (${layer})`),
  ];
}

/** An entry in a sentence: what, for whom, when, who said so. */
export function changeText(entry: PriceEntry): string {
  const { change, validFrom, validUntil, recordedAt, recordedBy, source } = entry;
  const what = {
    prices: "own prices",
    multiplier: `times ${change.kind === "multiplier" ? change.multiplier : ""}`,
    withdrawal: "withdrawn",
  }[change.kind];
  const whose = entry.projectId === undefined ? "" : ` for project ${entry.projectId}`;
  const tier = entry.serviceTier === "standard" ? "" : ` in tier ${entry.serviceTier}`;
  const model = entry.match === "exact" ? entry.model : `${entry.model}*`;
  const period = [
    ...(validFrom === undefined ? [] : [`from ${validFrom.toISOString()}`]),
    ...(validUntil === undefined ? [] : [`until ${validUntil.toISOString()}`]),
  ].join(" ");
  const subject = `${entry.provider} ${model}${tier}${whose}`;
  return `${what}: ${subject}${period === "" ? "" : ` ${period}`}; ${source}; recorded ${recordedAt.toISOString()} by ${recordedBy}`;
}
