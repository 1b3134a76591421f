import { TOKENS_MAX, USAGE_FLAG } from "./usage.ts";
import type { CountConvention, NormalUsage, RawUsage } from "./usage.ts";

/** What the counts themselves prove, as bits. */
export const INPUT_IS_EXCLUSIVE = 1;
export const OUTPUT_IS_EXCLUSIVE = 2;
export const INPUT_IS_INCLUSIVE = 4;
export const OUTPUT_IS_INCLUSIVE = 8;

export function checkedCount(value: number | undefined, into: NormalUsage): number | undefined {
  if (value === undefined) return undefined;
  if (value >= 0 && value <= TOKENS_MAX && Math.floor(value) === value) {
    return value === 0 ? 0 : value; // -0 is 0
  }
  into.flags |= USAGE_FLAG.invalidCount;
  return undefined;
}

export function isExclusive(convention: CountConvention | undefined): boolean {
  return convention === "exclusive" || convention === "disjoint";
}

export function cachedTokens(into: NormalUsage): number {
  return (into.cacheRead ?? 0) + (into.cacheWrite5m ?? 0) + (into.cacheWrite1h ?? 0);
}

/**
 * What the rest that a producer sends beside a total proves about it. Without the total, rest and parts
 * make one.
 */
function proofByRest(
  into: NormalUsage,
  sent: { cached: number; uncached: number | undefined; outputText: number | undefined },
): number {
  const { cached, uncached, outputText } = sent;
  let proof = 0;
  if (uncached !== undefined) {
    into.input ??= uncached + cached;
    if (into.input === uncached + cached) proof |= INPUT_IS_INCLUSIVE;
    else if (into.input === uncached) proof |= INPUT_IS_EXCLUSIVE;
  }
  if (outputText === undefined) return proof;
  const reasoning = into.reasoning ?? 0;
  into.output ??= outputText + reasoning;
  if (into.output === outputText + reasoning) return proof | OUTPUT_IS_INCLUSIVE;
  return into.output === outputText ? proof | OUTPUT_IS_EXCLUSIVE : proof;
}

/** Inclusive, unless parts of the producer's own say that they cannot be. */
export function proofByAnswer(into: NormalUsage): number {
  const exclusive = proofByParts(into, cachedTokens(into));
  const input = (exclusive & INPUT_IS_EXCLUSIVE) === 0 ? INPUT_IS_INCLUSIVE : 0;
  const output = (exclusive & OUTPUT_IS_EXCLUSIVE) === 0 ? OUTPUT_IS_INCLUSIVE : 0;
  return exclusive | input | output;
}

export function proofByCounts(raw: RawUsage, into: NormalUsage, total: number | undefined): number {
  const cached = cachedTokens(into);
  const uncached = checkedCount(raw.inputUncached, into);
  const outputText = checkedCount(raw.outputText, into);
  const proof = proofByRest(into, { cached, uncached, outputText });
  return (
    proof | (total === undefined ? proofByParts(into, cached) : proofByTotal(into, cached, total))
  );
}

function proofByParts(into: NormalUsage, cached: number): number {
  const input = into.input !== undefined && cached > into.input ? INPUT_IS_EXCLUSIVE : 0;
  const output =
    into.output !== undefined && (into.reasoning ?? 0) > into.output ? OUTPUT_IS_EXCLUSIVE : 0;
  return input | output;
}

/** Proof by parts, and by what the total has beyond input + output as sent. */
function proofByTotal(into: NormalUsage, cached: number, total: number): number {
  const proof = proofByParts(into, cached);
  if (into.input === undefined || into.output === undefined) return proof;
  // What tools brought is beside the input as it was sent, and says nothing about the other parts.
  const beyond = total - into.input - into.output - (into.toolUsePrompt ?? 0);
  if (beyond <= 0) return proof;
  const reasoning = into.reasoning ?? 0;
  if (beyond === cached + reasoning) {
    return (
      proof | (cached > 0 ? INPUT_IS_EXCLUSIVE : 0) | (reasoning > 0 ? OUTPUT_IS_EXCLUSIVE : 0)
    );
  }
  if (cached === reasoning) return proof;
  if (beyond === cached) return proof | INPUT_IS_EXCLUSIVE;
  return beyond === reasoning ? proof | OUTPUT_IS_EXCLUSIVE : proof;
}
