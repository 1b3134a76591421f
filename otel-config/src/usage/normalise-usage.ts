import { TOKENS_MAX, USAGE_FLAG } from "./usage.ts";
import type { CountConvention, NormalUsage, RawUsage, UsageBasis } from "./usage.ts";

/** What the counts themselves prove, as bits. */
const INPUT_IS_EXCLUSIVE = 1;
const OUTPUT_IS_EXCLUSIVE = 2;
const INPUT_IS_INCLUSIVE = 4;
const OUTPUT_IS_INCLUSIVE = 8;

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
 *    output sent beside it; reasoning > output; total = input + output + reasoning. total = input + output proves nothing: clients compute it themselves. A total
 *    that fits two readings (C = reasoning) proves nothing either;
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
  // Beside the input as it was sent, and so beside what proves how that counts.
  const ownTotal = total === undefined ? undefined : total - (into.toolUsePrompt ?? 0);
  const rawInput = into.input;
  const rawOutput = into.output;

  const proof = isObserved ? proofByAnswer(into) : proofByCounts(raw, into, ownTotal);
  into.source = isEmpty(into) ? "missing" : "reported";
  if (ownTotal !== undefined) derivePart(raw, into, { total: ownTotal, proof });
  const outputBasis = settleOutput(raw, into, proof);
  const inputBasis = settleInput(raw, into, proof);
  if (!isObserved && into.input !== undefined) into.input += into.toolUsePrompt ?? 0;
  if (total !== undefined) deriveTotals(raw, into, total);
  estimateOutput(raw, into);
  into.basis = into.source === "missing" ? undefined : BASES[Math.min(inputBasis, outputBasis)];
  cutInputParts(into);
  cutOutputParts(into);
  if (total !== undefined && rawInput !== undefined && rawOutput !== undefined) {
    checkTotal(into, total, rawInput + rawOutput);
  }
  return into;
}

/** A total that fits neither the normal form nor the counts as sent is wrong. */
function checkTotal(into: NormalUsage, total: number, rawTotal: number): void {
  const normalTotal = (into.input ?? 0) + (into.output ?? 0);
  if (total !== normalTotal && total !== rawTotal) into.flags |= USAGE_FLAG.totalMismatch;
}

/** Has somebody read the provider's own answer, whatever the producer of the record made of it? */
export function hasObservedUsage({ observedInput, observedOutput }: RawUsage): boolean {
  return observedInput !== undefined || observedOutput !== undefined;
}

function checkedCount(value: number | undefined, into: NormalUsage): number | undefined {
  if (value === undefined) return undefined;
  if (value >= 0 && value <= TOKENS_MAX && Math.floor(value) === value) {
    return value === 0 ? 0 : value; // -0 is 0
  }
  into.flags |= USAGE_FLAG.invalidCount;
  return undefined;
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

function isExclusive(convention: CountConvention | undefined): boolean {
  return convention === "exclusive" || convention === "disjoint";
}

function cachedTokens(into: NormalUsage): number {
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
function proofByAnswer(into: NormalUsage): number {
  const exclusive = proofByParts(into, cachedTokens(into));
  const input = (exclusive & INPUT_IS_EXCLUSIVE) === 0 ? INPUT_IS_INCLUSIVE : 0;
  const output = (exclusive & OUTPUT_IS_EXCLUSIVE) === 0 ? OUTPUT_IS_INCLUSIVE : 0;
  return exclusive | input | output;
}

function proofByCounts(raw: RawUsage, into: NormalUsage, total: number | undefined): number {
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
  const beyond = total - into.input - into.output;
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

/**
 * A producer that is known to leave a part out, and that sends no count of it: what the total has beyond the counts is
 * that part. Reasoning, or what Google's own tools put into the prompt (`raw.rest`); cached input of Bedrock, of which
 * nobody knows whether it was read or written, so that it counts as uncached.
 */
function derivePart(
  raw: RawUsage,
  into: NormalUsage,
  { total, proof }: { readonly total: number; readonly proof: number },
): void {
  const { input, output, reasoning = 0 } = into;
  if (input === undefined || output === undefined || total <= input + output) return;
  if (raw.outputConvention === "exclusive") {
    if (isExclusive(raw.inputConvention) || (proof & INPUT_IS_EXCLUSIVE) !== 0) return;
    const rest = total - input - output - reasoning;
    if (rest > 0) deriveRest(raw, into, rest);
  } else {
    if (raw.inputConvention !== "exclusive" || hasParts(into)) return;
    into.input = total - output;
    into.source = "derived";
  }
}

/** The rest is what is not told. Where that may be thoughts or tool results, it is mostly thoughts, and never for sure. */
function deriveRest(raw: RawUsage, into: NormalUsage, rest: number): void {
  const mayBeTools = raw.rest !== undefined && into.toolUsePrompt === undefined;
  if (into.reasoning === undefined && raw.rest !== "tools") {
    into.reasoning = rest;
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
 * A missing total of one direction follows from the grand total and the other direction, but only where
 * the difference cannot be anything else: a producer whose input leaves cached tokens out must not get
 * them billed as output.
 */
function deriveTotals(raw: RawUsage, into: NormalUsage, total: number): void {
  if (into.input !== undefined && into.output !== undefined) return;
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
function estimateOutput(raw: RawUsage, into: NormalUsage): void {
  if (into.output !== undefined || into.input === undefined) return;
  const guess = checkedCount(raw.outputEstimate, into);
  if (guess === undefined) return;
  const { reasoning = 0, audioOutput = 0, imageOutput = 0 } = into;
  into.output = Math.max(guess, reasoning + audioOutput + imageOutput);
  into.source = "estimated";
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
