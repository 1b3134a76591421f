import { derivePart, deriveTotals, estimateOutput } from "./derive-usage.ts";
import { USAGE_FLAG } from "./usage.ts";
import type { NormalUsage, RawUsage, UsageBasis } from "./usage.ts";
import {
  INPUT_IS_EXCLUSIVE,
  INPUT_IS_INCLUSIVE,
  OUTPUT_IS_EXCLUSIVE,
  OUTPUT_IS_INCLUSIVE,
  cachedTokens,
  checkedCount,
  isExclusive,
  proofByAnswer,
  proofByCounts,
} from "./usage-proof.ts";

/** Ranks of UsageBasis, weakest first, so that the weakest answer is the smallest. */
const SPEC = 0;
const RULE = 1;
const PROVEN = 2;
const BASES: readonly UsageBasis[] = ["spec", "rule", "proven"];

/**
 * Brings token counts into normal form: inclusive totals, disjoint parts. Runs once per span and
 * allocates nothing: the result goes into `into`, which is overwritten completely and returned.
 *
 * Whether `input` contains the cached tokens C = read + written (and `output` the reasoning tokens) is
 * decided in this order:
 * 0. counts that were read in the provider's own answer (`raw.observedInput`, `raw.observedOutput`) are
 *    inclusive, and stand for the producer's;
 * 1. proof: the uncached input sent beside it; C > input; total = input + output + C. Likewise the text
 *    output sent beside it; reasoning > output; total = input + output + reasoning. total = input + output
 *    proves nothing: clients compute it themselves. A total that fits two readings (C = reasoning) proves
 *    nothing either;
 * 2. the rule table (`raw.inputConvention`, `raw.outputConvention`);
 * 3. the OpenTelemetry definition: inclusive (gen_ai.usage.input_tokens, output_tokens).
 *
 * Example, a Bedrock call: input 3, output 442, read 7917, written 350, total 8712 is proven exclusive
 * and becomes input 8270 = 3 uncached + 7917 read + 350 written, output 442. A total is a checksum: what
 * it has beyond the counts is flagged and becomes no token of ours (billing it as output is how a
 * $0.007 call once cost $0.13), but for the two cases of `derivePart`.
 */
export function normaliseUsage(raw: RawUsage, into: NormalUsage): NormalUsage {
  into.flags = 0;
  const isObserved = hasObservedUsage(raw);
  into.input = checkedCount(isObserved ? raw.observedInput : raw.input, into);
  into.output = checkedCount(isObserved ? raw.observedOutput : raw.output, into);
  into.cacheRead = checkedCount(raw.cacheRead, into);
  into.reasoning = checkedCount(raw.reasoning, into);
  into.audioInput = checkedCount(raw.audioInput, into);
  into.audioOutput = checkedCount(raw.audioOutput, into);
  into.imageInput = checkedCount(raw.imageInput, into);
  into.imageOutput = checkedCount(raw.imageOutput, into);
  into.webSearches = checkedCount(raw.webSearches, into);
  into.toolUsePrompt = checkedCount(raw.toolUsePrompt, into);
  splitCacheWrite(raw, into);
  addModalities(raw, into);
  const total = isObserved ? undefined : checkedCount(raw.total, into);
  const sentTotal = sumOf(into.input, into.output);

  const proof = isObserved ? proofByAnswer(into) : proofByCounts(raw, into, total);
  into.source = isEmpty(into) ? "missing" : "reported";
  derivePart(raw, into, { total, proof });
  const outputBasis = settleOutput(raw, into, proof);
  const inputBasis = settleInput(raw, into, proof);
  addToolUse(raw, into);
  deriveTotals(raw, into, total);
  estimateOutput(raw, into);
  into.basis = into.source === "missing" ? undefined : BASES[Math.min(inputBasis, outputBasis)];
  cutInputParts(into);
  cutOutputParts(into);
  checkTotal(into, total, sentTotal);
  return into;
}

/** Has somebody read the provider's own answer, whatever the producer of the record made of it? */
export function hasObservedUsage({ observedInput, observedOutput }: RawUsage): boolean {
  return observedInput !== undefined || observedOutput !== undefined;
}

/**
 * Who answers has read something: an input of 0 beside an output was not counted. Of Anthropic's streams that is what a
 * client tells that misses their first event. For model calls that answer in text.
 */
export function refuseEmptyInput(into: NormalUsage): void {
  if (into.input !== 0 || into.output === undefined || into.output === 0) return;
  into.input = undefined;
  into.inputUncached = undefined;
  into.flags |= USAGE_FLAG.invalidCount;
}

/** A total that fits neither the normal form nor the counts as sent is wrong. */
function checkTotal(
  into: NormalUsage,
  total: number | undefined,
  sentTotal: number | undefined,
): void {
  if (total === undefined || sentTotal === undefined) return;
  const normalTotal = (into.input ?? 0) + (into.output ?? 0);
  if (total !== normalTotal && total !== sentTotal) into.flags |= USAGE_FLAG.totalMismatch;
}

function sumOf(input: number | undefined, output: number | undefined): number | undefined {
  return input === undefined || output === undefined ? undefined : input + output;
}

function isEmpty(into: NormalUsage): boolean {
  return (
    into.input === undefined &&
    into.output === undefined &&
    into.cacheRead === undefined &&
    into.cacheWrite5m === undefined &&
    into.cacheWrite1h === undefined &&
    into.reasoning === undefined &&
    into.audioInput === undefined &&
    into.audioOutput === undefined &&
    into.imageInput === undefined &&
    into.imageOutput === undefined
  );
}

/** Anthropic sends all writes and, beside them, the split by time to live; others send only all writes. */
function splitCacheWrite(raw: RawUsage, into: NormalUsage): void {
  const all = checkedCount(raw.cacheWrite, into);
  const fiveMinutes = checkedCount(raw.cacheWrite5m, into);
  const oneHour = checkedCount(raw.cacheWrite1h, into);
  into.cacheWrite5m = fiveMinutes;
  into.cacheWrite1h = oneHour;
  if (all === undefined) return;
  const rest = all - (fiveMinutes ?? 0) - (oneHour ?? 0);
  if (rest < 0) into.flags |= USAGE_FLAG.cacheWriteMismatch;
  else into.cacheWrite5m = (fiveMinutes ?? 0) + rest;
}

/** Buckets that share nothing: the modalities are beside the text as well. */
function addModalities(raw: RawUsage, into: NormalUsage): void {
  if (hasObservedUsage(raw)) return;
  if (raw.inputConvention === "disjoint" && into.input !== undefined) {
    into.input += (into.audioInput ?? 0) + (into.imageInput ?? 0);
  }
  if (raw.outputConvention === "disjoint" && into.output !== undefined) {
    into.output += (into.audioOutput ?? 0) + (into.imageOutput ?? 0);
  }
}

/** Beside the producer's input, and a part of what the provider's own answer says. */
function addToolUse(raw: RawUsage, into: NormalUsage): void {
  if (into.input === undefined || hasObservedUsage(raw)) return;
  into.input += into.toolUsePrompt ?? 0;
}

/** Makes `output` inclusive and says on what basis. */
function settleOutput(raw: RawUsage, into: NormalUsage, proof: number): number {
  const { output, reasoning } = into;
  if (reasoning === 0 || output === undefined) return PROVEN;
  if ((proof & OUTPUT_IS_INCLUSIVE) !== 0) return PROVEN;
  if ((proof & OUTPUT_IS_EXCLUSIVE) !== 0) {
    if (raw.outputConvention === "inclusive") into.flags |= USAGE_FLAG.ruleContradicted;
    into.output = output + (reasoning ?? 0);
    return PROVEN;
  }
  // Nothing was asked: most models do not reason, and no answer must not weaken the input's.
  if (reasoning === undefined) return PROVEN;
  if (isExclusive(raw.outputConvention)) into.output = output + reasoning;
  return raw.outputConvention === undefined ? SPEC : RULE;
}

/** Makes `input` inclusive and says on what basis. */
function settleInput(raw: RawUsage, into: NormalUsage, proof: number): number {
  const cached = cachedTokens(into);
  if (cached > 0 && into.input !== undefined) {
    if ((proof & INPUT_IS_INCLUSIVE) !== 0) return PROVEN;
    if ((proof & INPUT_IS_EXCLUSIVE) !== 0) {
      if (raw.inputConvention === "inclusive") into.flags |= USAGE_FLAG.ruleContradicted;
      into.input += cached;
      return PROVEN;
    }
    if (isExclusive(raw.inputConvention)) into.input += cached;
  }
  // Reported zeros leave nothing to decide; no cache counts at all leave it open whether there were any.
  if (cached === 0 && into.cacheRead === 0) return PROVEN;
  return raw.inputConvention === undefined ? SPEC : RULE;
}

/**
 * The uncached text is what the other parts leave over. Parts above their total mean that cached audio
 * or cached images were counted twice: they stay cached, and leave their modality. So do the tools' results.
 */
function cutInputParts(into: NormalUsage): void {
  if (into.input === undefined) {
    into.inputUncached = undefined;
    return;
  }
  let room = into.input - cachedTokens(into);
  if (into.imageInput !== undefined) {
    if (into.imageInput > room) into.flags |= USAGE_FLAG.partsOverlap;
    into.imageInput = Math.min(into.imageInput, room);
    room -= into.imageInput;
  }
  if (into.audioInput !== undefined) {
    if (into.audioInput > room) into.flags |= USAGE_FLAG.partsOverlap;
    into.audioInput = Math.min(into.audioInput, room);
    room -= into.audioInput;
  }
  into.inputUncached = room;
  if (into.toolUsePrompt === undefined || into.toolUsePrompt <= room) return;
  into.flags |= USAGE_FLAG.partsOverlap;
  into.toolUsePrompt = room;
}

function cutOutputParts(into: NormalUsage): void {
  if (into.output === undefined) return;
  let room = into.output - (into.reasoning ?? 0);
  if (into.audioOutput !== undefined) {
    if (into.audioOutput > room) into.flags |= USAGE_FLAG.partsOverlap;
    into.audioOutput = Math.min(into.audioOutput, room);
    room -= into.audioOutput;
  }
  if (into.imageOutput !== undefined && into.imageOutput > room) {
    into.flags |= USAGE_FLAG.partsOverlap;
    into.imageOutput = room;
  }
}
