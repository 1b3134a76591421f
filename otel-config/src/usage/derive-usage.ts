import { USAGE_FLAG } from "./usage.ts";
import type { NormalUsage, RawUsage } from "./usage.ts";
import {
  INPUT_IS_EXCLUSIVE,
  OUTPUT_IS_EXCLUSIVE,
  cachedTokens,
  checkedCount,
  isExclusive,
} from "./usage-proof.ts";

/**
 * A producer that is known to leave a part out, and that sends no count of it: what the total has beyond the counts is
 * that part. Reasoning, or what Google's own tools put into the prompt (`raw.rest`); cached input of Bedrock, of which
 * nobody knows whether it was read or written, so that it counts as uncached.
 */
export function derivePart(
  raw: RawUsage,
  into: NormalUsage,
  { total, proof }: { readonly total: number | undefined; readonly proof: number },
): void {
  const { input, output, toolUsePrompt = 0 } = into;
  if (total === undefined || input === undefined || output === undefined) return;
  const rest = total - input - output - toolUsePrompt;
  if (rest <= 0) return;
  if (raw.outputConvention === "exclusive" || raw.rest !== undefined) {
    const isInputWhole = !isExclusive(raw.inputConvention) && (proof & INPUT_IS_EXCLUSIVE) === 0;
    if (isInputWhole) deriveRest(raw, into, rest - thoughtsBeside(raw, into, proof));
  } else if (raw.inputConvention === "exclusive" && !hasParts(into)) {
    into.input = input + rest;
    into.source = "derived";
  }
}

/** Thoughts that are told, and that the output does not have. */
function thoughtsBeside(raw: RawUsage, { reasoning = 0 }: NormalUsage, proof: number): number {
  return raw.outputConvention === "exclusive" || (proof & OUTPUT_IS_EXCLUSIVE) !== 0
    ? reasoning
    : 0;
}

/** The rest is what is not told. Where that may be thoughts or tool results, it is mostly thoughts, and never for sure. */
function deriveRest(raw: RawUsage, into: NormalUsage, rest: number): void {
  if (rest <= 0) return;
  const mayBeTools = raw.rest !== undefined && into.toolUsePrompt === undefined;
  if (into.reasoning === undefined && raw.rest !== "tools") {
    into.reasoning = rest;
    // Added later where the output is known to leave thoughts out; here the total says so.
    if (raw.outputConvention !== "exclusive") into.output = (into.output ?? 0) + rest;
    if (mayBeTools) into.flags |= USAGE_FLAG.unsureRest;
  } else {
    if (!mayBeTools) return;
    into.toolUsePrompt = rest;
  }
  into.source = "derived";
}

function hasParts(into: NormalUsage): boolean {
  return into.cacheRead !== undefined || cachedTokens(into) > 0 || (into.reasoning ?? 0) > 0;
}

/**
 * A missing total of one direction follows from the grand total and the other direction, but only where
 * the difference cannot be anything else: a producer whose input leaves cached tokens out must not get
 * them billed as output.
 */
export function deriveTotals(raw: RawUsage, into: NormalUsage, total: number | undefined): void {
  if (total === undefined || (into.input !== undefined && into.output !== undefined)) return;
  const reasoning = into.reasoning ?? 0;
  if (into.input !== undefined) {
    const rest = total - into.input;
    // Nothing over: the input said again, of an embedding as of an answer whose output nobody counted.
    if (rest === 0) return;
    if (rest === reasoning || (rest > reasoning && raw.inputConvention === "inclusive")) {
      into.output = rest;
      into.source = "derived";
      return;
    }
  } else if (into.output !== undefined) {
    const rest = total - into.output;
    if (rest >= cachedTokens(into)) {
      into.input = rest;
      into.source = "derived";
      return;
    }
  }
  into.flags |= USAGE_FLAG.totalMismatch;
}

/** What came of an answer that broke off has a known input and a guess for its output, or nothing that could be priced. */
export function estimateOutput(raw: RawUsage, into: NormalUsage): void {
  if (into.output !== undefined || into.input === undefined) return;
  const guess = checkedCount(raw.outputEstimate, into);
  if (guess === undefined) return;
  const { reasoning = 0, audioOutput = 0, imageOutput = 0 } = into;
  into.output = Math.max(guess, reasoning + audioOutput + imageOutput);
  into.source = "estimated";
}
