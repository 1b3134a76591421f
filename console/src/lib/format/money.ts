import { decimalText, formatUsd } from "@lensai/otel-config/money";

/** "$1,234.56", "$0.0000244"; "unknown" for an unknown amount. */
export function formatMoney(nanoUsd: bigint | undefined): string {
  return formatUsd(nanoUsd);
}

const PICO_DIGITS = 12;
/** Pico-USD per token is micro-USD per million tokens. */
const PICO_PER_MILLION_DIGITS = 6;

/** Every digit of an amount in pico-USD: 1_500_000_000n is "$0.0015", 2_000_000_000_000n is "$2.00". */
export function formatExactPico(picoUsd: bigint): string {
  return `$${withCents(decimalText(picoUsd, PICO_DIGITS))}`;
}

/** A price per token as people quote it: 2_500_000n is "$2.50", for a million tokens. */
export function formatPerMillion(picoUsdEach: bigint): string {
  return `$${withCents(decimalText(picoUsdEach, PICO_PER_MILLION_DIGITS))}`;
}

/** Two decimals at least, as is usual for money. */
function withCents(decimal: string): string {
  const [whole = "0", fraction = ""] = decimal.split(".");
  return `${whole.replaceAll(/\B(?=(\d{3})+$)/g, ",")}.${fraction.padEnd(2, "0")}`;
}

/** The same with a sign, for differences: "+$0.50", "-$0.50", "$0.00". */
export function formatDifference(nanoUsd: bigint): string {
  return nanoUsd > 0n ? `+${formatUsd(nanoUsd)}` : formatUsd(nanoUsd);
}

const NANO_PER_USD = 1e9;

/** Dollars as a floating-point number: for the geometry of charts only, never to be added up or printed. */
export function usdForGeometry(nanoUsd: bigint | undefined): number {
  return Number(nanoUsd ?? 0n) / NANO_PER_USD;
}

/** The label of an axis tick; the value comes from a scale and is only as exact as the picture. */
export function formatMoneyTick(usd: number): string {
  if (usd === 0) return "$0";
  if (usd >= 1e6) return `$${trimZeros((usd / 1e6).toPrecision(3))}M`;
  if (usd >= 1000) return `$${trimZeros((usd / 1000).toPrecision(3))}k`;
  if (usd >= 1) return `$${usd.toFixed(2).replace(/\.00$/, "")}`;
  // Small ticks keep two significant digits: 0.00025, never 2.5e-4.
  const digits = Math.min(9, Math.max(2, 1 - Math.floor(Math.log10(usd))));
  return `$${usd.toFixed(digits).replace(/(\.\d\d\d*?)0+$/, "$1")}`;
}

const trimZeros = (text: string): string =>
  text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
