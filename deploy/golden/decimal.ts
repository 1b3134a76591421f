// Arithmetic of its own for the independent check: decimal text and bigint, no shared code.

/** Digits behind the point of every scaled number here: prices have ten at most. */
const DIGITS = 15;

/** "0.075" as 75 x 10^12. A number is read as it prints, so 1e-7 is 0.0000001. */
export function scaled(amount: number): bigint {
  const [mantissa = "", exponent = "0"] = amount.toString().toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const zeros = DIGITS - fraction.length + Number(exponent);
  if (zeros < 0) throw new Error(`${amount} has more digits than the check keeps`);
  return BigInt(`${whole}${fraction}${"0".repeat(zeros)}`);
}

/** A sum of tokens x dollars per million tokens, in nano-USD, halves up. */
export function nanoUsd(sumOfTokensTimesScaled: bigint): bigint {
  // $1 per million tokens is 10^15 here, and 1,000 nano-USD per token.
  const perNano = 10n ** BigInt(DIGITS) / 1000n;
  const quotient = sumOfTokensTimesScaled / perNano;
  const rest = sumOfTokensTimesScaled % perNano;
  return rest * 2n >= perNano ? quotient + 1n : quotient;
}
