import { formatMoney } from "./money.ts";

/**
 * "98.7 %", "100 %", "0 %"; undefined when there is nothing to divide by. Only all is "100 %" and only
 * none is "0 %": a single failure in a million reads "< 0.1 %", not "0 %".
 */
export function formatShare(part: number, whole: number): string | undefined {
  if (whole <= 0) return undefined;
  if (part <= 0) return "0 %";
  if (part >= whole) return "100 %";
  const percent = (part / whole) * 100;
  if (percent < 0.1) return "< 0.1 %";
  if (percent > 99.9) return "> 99.9 %";
  return `${percent.toFixed(1)} %`;
}

/** From here on a ratio says more than a percentage. */
const TIMES_FROM = 3;
/** And from here on the earlier amount says more than a ratio: it was next to nothing. */
const AMOUNT_FROM = 10;

/**
 * How an amount of nano-USD compares with an earlier one: "12 % more than before", "8 % less than before", "as much
 * as before", "4.1 times as much as before", "$0.0142 before". Undefined where one is not known, or there was
 * nothing before.
 */
export function formatChange(
  now: bigint | undefined,
  before: bigint | undefined,
): string | undefined {
  if (now === undefined || before === undefined || before <= 0n) return undefined;
  const ratio = Number(now) / Number(before);
  if (ratio >= AMOUNT_FROM) return `${formatMoney(before)} before`;
  if (ratio >= TIMES_FROM) return `${ratio.toFixed(1)} times as much as before`;
  const percent = Math.round(Math.abs(ratio - 1) * 100);
  if (percent === 0) return "as much as before";
  return `${percent} % ${ratio > 1 ? "more" : "less"} than before`;
}
