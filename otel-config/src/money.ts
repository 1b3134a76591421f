/**
 * Money is a bigint count of nano-USD (1e-9 USD), everywhere. This is the one file that reads it from
 * text and writes it as text. `undefined` is an unknown amount; it is never 0, and 0n is never unknown.
 */
export type NanoUsd = bigint;

const NANO_DIGITS = 9;
const NANO_PER_USD = 1_000_000_000n;

/** Longest number text that is read: an amount has at most 19 digits; more is somebody else's data. */
const MAX_NUMBER_TEXT_LENGTH = 64;

/** Largest power of ten that is read: 1e40 fits no column, and 10n ** 1_000_000n would block the thread. */
const MAX_EXPONENT = 40;

/** Digits shown of an amount below one dollar, so that the first digits of $0.0000244 are readable. */
const SIGNIFICANT_DIGITS_BELOW_ONE = 3;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,4}))?$/i;

/** Range of an int64 column. */
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** The sum; unknown when either side is unknown. */
export function addNanoUsd(a: NanoUsd | undefined, b: NanoUsd | undefined): NanoUsd | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

/**
 * Integer division, rounded to nearest, halves away from zero (so that -x rounds to the negative of x).
 * `denominator` must be positive. 1500n / 1000n = 2n, 1499n / 1000n = 1n, -1500n / 1000n = -2n.
 */
export function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  const half = denominator / 2n;
  // An odd denominator has no exact half: 2n / 3n must round up, 1n / 3n down.
  const bias = denominator % 2n === 0n ? half : half + 1n;
  const magnitude = numerator < 0n ? -numerator : numerator;
  const quotient = magnitude / denominator;
  const rounded = magnitude % denominator >= bias ? quotient + 1n : quotient;
  return numerator < 0n ? -rounded : rounded;
}

/**
 * value x 10^digits as an integer, exactly, halves up when the value has more digits than that.
 * Reads decimal text with an optional exponent; a number is read through its shortest decimal form, so
 * 0.075 means 75/1000 and not the double beside it. Undefined for anything that is not a finite number.
 */
export function scaleDecimal(value: string | number, digits: number): bigint | undefined {
  const text = typeof value === "number" ? String(value) : value.trim();
  if (text.length > MAX_NUMBER_TEXT_LENGTH) return undefined;
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponentText = "0"] = match;
  if (whole === "" && fraction === "") return undefined;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > MAX_EXPONENT) return undefined;
  const unscaled = BigInt(`${whole}${fraction}`);
  const shift = digits + exponent - fraction.length;
  const magnitude =
    shift >= 0 ? unscaled * 10n ** BigInt(shift) : divideHalfUp(unscaled, 10n ** BigInt(-shift));
  return sign === "-" ? -magnitude : magnitude;
}

/** Digits behind the point that multiplying keeps of each factor: prices have ten at most. */
const FACTOR_DIGITS = 18;

/** The exact product as decimal text: "0.075" x "0.5" is "0.0375". Undefined when a factor is not a number. */
export function multiplyDecimals(a: string | number, b: string | number): string | undefined {
  const left = scaleDecimal(a, FACTOR_DIGITS);
  const right = scaleDecimal(b, FACTOR_DIGITS);
  if (left === undefined || right === undefined) return undefined;
  return decimalText(left * right, 2 * FACTOR_DIGITS);
}

/**
 * US dollars to nano-USD: "0.0000244" is 24_400n, 1e-7 is 100n. Digits below one nano round half up.
 * Undefined for text that is not a number and for amounts outside int64 (about 9.2 billion dollars).
 */
export function parseUsd(usd: string | number): NanoUsd | undefined {
  const nano = scaleDecimal(usd, NANO_DIGITS);
  return nano === undefined || nano < INT64_MIN || nano > INT64_MAX ? undefined : nano;
}

/** Every digit, no sign of a currency, no grouping: 24_400n is "0.0000244". `parseUsd` reads it back. */
export function usdDecimal(nano: NanoUsd): string {
  return decimalText(nano, NANO_DIGITS);
}

/** scaled / 10^digits, every digit: 24_400n with 9 digits is "0.0000244". */
export function decimalText(scaled: bigint, digits: number): string {
  const magnitude = (scaled < 0n ? -scaled : scaled).toString().padStart(digits + 1, "0");
  const fraction = magnitude.slice(magnitude.length - digits).replace(/0+$/, "");
  const whole = magnitude.slice(0, magnitude.length - digits);
  const text = `${whole}${fraction === "" ? "" : `.${fraction}`}`;
  return scaled < 0n ? `-${text}` : text;
}

/**
 * For people: "$1,234.56", "$0.50", "$0.0123", "$0.0000244". Two decimals from one dollar up, three
 * significant digits below it, never fewer than two decimals; an amount that is not zero never shows as
 * zero. The same text on every machine (no locale). Unknown shows as `unknown`.
 */
export function formatUsd(nano: NanoUsd | undefined, unknown = "unknown"): string {
  if (nano === undefined) return unknown;
  const magnitude = nano < 0n ? -nano : nano;
  const rounded = roundForDisplay(magnitude);
  const whole = (rounded / NANO_PER_USD).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = (rounded % NANO_PER_USD).toString().padStart(NANO_DIGITS, "0");
  const cents = fraction.slice(0, 2);
  const finer = fraction.slice(2).replace(/0+$/, "");
  return `${nano < 0n ? "-" : ""}$${whole}.${cents}${finer}`;
}

function roundForDisplay(magnitude: bigint): bigint {
  const digits = magnitude.toString().length;
  const dropped =
    magnitude >= NANO_PER_USD
      ? NANO_DIGITS - 2
      : Math.min(NANO_DIGITS - 2, Math.max(0, digits - SIGNIFICANT_DIGITS_BELOW_ONE));
  const step = 10n ** BigInt(dropped);
  return divideHalfUp(magnitude, step) * step;
}
