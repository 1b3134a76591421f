import { scaleDecimal } from "../money.ts";
import type { PriceChange } from "./price-layer.ts";
import { PRICE_NAMES, isPriceAmount } from "./unit-prices.ts";
import type { BookPrices } from "./unit-prices.ts";

/** Tokens up to which a price tier may start: far above any context window. */
const TIER_START_MAX = 1_000_000_000;
const MULTIPLIER_MAX = 1_000n;
const MULTIPLIER_DIGITS = 9;

export type Fields = Readonly<Record<string, unknown>>;

/** Notes a problem at a path below the entry. */
export type Report = (path: string, problem: string) => undefined;

/** Reads what an entry does to the price below it; undefined when there is a problem, which is reported. */
export function parsePriceChange(fields: Fields, report: Report): PriceChange | undefined {
  const { prices, multiplier, withdrawn, except } = fields;
  const given = [prices, multiplier, withdrawn].filter((value) => value !== undefined);
  if (given.length !== 1) {
    return report("", 'needs exactly one of "prices", "multiplier" and "withdrawn"');
  }
  if (except !== undefined && multiplier === undefined) {
    report(".except", 'goes with "multiplier" only');
  }
  if (prices !== undefined) return parsePrices(prices, report);
  if (multiplier !== undefined) return parseMultiplier(multiplier, except ?? [], report);
  if (withdrawn !== true) return report(".withdrawn", `${show(withdrawn)} is not true`);
  return { kind: "withdrawal" };
}

function parsePrices(value: unknown, report: Report): PriceChange | undefined {
  if (!isFields(value)) return report(".prices", "is not an object");
  const names = Object.keys(value);
  if (names.length === 0) return report(".prices", "is empty");
  const wrong = names.filter((name) => {
    const problem = problemOfPrice(name, value[name]);
    if (problem !== undefined) report(`.prices.${name}`, problem);
    return problem !== undefined;
  });
  return wrong.length > 0 ? undefined : { kind: "prices", prices: value as BookPrices };
}

function problemOfPrice(name: string, value: unknown): string | undefined {
  if (!PRICE_NAMES.has(name)) return `no such price; there are ${[...PRICE_NAMES].join(", ")}`;
  if (isPriceAmount(name, value)) return undefined;
  if (!isFields(value)) return `${show(value)} is not an amount of US dollars`;
  const { base, tiers, ...rest } = value;
  if (!Array.isArray(tiers) || Object.keys(rest).length > 0) {
    return "is not an amount, and not {base, tiers}";
  }
  if (!isPriceAmount(name, base)) return `base ${show(base)} is not an amount of US dollars`;
  const wrong = tiers.findIndex((tier: unknown) => !isPriceTier(name, tier));
  return wrong < 0
    ? undefined
    : `tiers[${wrong}] is not {start, price}: tokens above which the price in US dollars applies`;
}

function isPriceTier(name: string, tier: unknown): boolean {
  if (!isFields(tier)) return false;
  const { start, price, ...rest } = tier;
  const isStart = typeof start === "number" && Number.isInteger(start) && start >= 0;
  if (!isStart || start > TIER_START_MAX) return false;
  return isPriceAmount(name, price) && Object.keys(rest).length === 0;
}

function parseMultiplier(value: unknown, except: unknown, report: Report): PriceChange | undefined {
  const scaled =
    typeof value === "string" || typeof value === "number"
      ? scaleDecimal(value, MULTIPLIER_DIGITS)
      : undefined;
  if (
    scaled === undefined ||
    scaled < 0n ||
    scaled > MULTIPLIER_MAX * 10n ** BigInt(MULTIPLIER_DIGITS)
  ) {
    return report(".multiplier", `${show(value)} is not a factor from 0 to ${MULTIPLIER_MAX}`);
  }
  if (!Array.isArray(except) || !except.every(isPriceName)) {
    return report(".except", `${show(except)} is not a list of price names`);
  }
  return { kind: "multiplier", multiplier: String(value), except: except as string[] };
}

function isPriceName(name: unknown): boolean {
  return typeof name === "string" && PRICE_NAMES.has(name);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value in a message, bounded. */
export function show(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 80);
}
