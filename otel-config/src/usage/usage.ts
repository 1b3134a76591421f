/**
 * Does the total already contain the part (input: cached tokens; output: reasoning tokens)? "disjoint": it
 * contains none of its parts, modalities included.
 */
export type CountConvention = "inclusive" | "exclusive" | "disjoint";

/**
 * What a total of Google's API has beyond input, output and what else is told: what its tools put into the prompt, or
 * thoughts as well where the producer does not always count these.
 */
export type TotalRest = "tools" | "thoughts or tools";

/** How inclusive and exclusive counts were told apart; the weakest answer when several were needed. */
export type UsageBasis = "proven" | "rule" | "spec";

/** Where the totals come from. `estimated`: somebody guessed a part of them. */
export type UsageSource = "reported" | "derived" | "estimated" | "missing";

/**
 * Token counts as the producer sent them. Undefined is "not sent", 0 is "sent as zero".
 * The conventions are what the rule table knows about the producer; undefined when it knows nothing.
 */
export interface RawUsage {
  input: number | undefined;
  /** Input that was neither read from nor written to a cache, where it is sent beside `input`. */
  inputUncached: number | undefined;
  /** What the provider's own tools put into the prompt; `input` does not contain it (Google's toolUsePromptTokenCount). */
  toolUsePrompt: number | undefined;
  output: number | undefined;
  /** Guessed by the producer, of an answer that broke off before its usage came; used where `input` is known. */
  outputEstimate: number | undefined;
  /** Output without reasoning, where it is sent beside `output`. */
  outputText: number | undefined;
  total: number | undefined;
  cacheRead: number | undefined;
  /** All tokens written to a cache, whatever their time to live. */
  cacheWrite: number | undefined;
  cacheWrite5m: number | undefined;
  cacheWrite1h: number | undefined;
  reasoning: number | undefined;
  audioInput: number | undefined;
  audioOutput: number | undefined;
  imageInput: number | undefined;
  imageOutput: number | undefined;
  webSearches: number | undefined;
  /** Inclusive totals of the provider's own answer, beside what a producer made of it: they overrule that. */
  observedInput: number | undefined;
  observedOutput: number | undefined;
  inputConvention: CountConvention | undefined;
  outputConvention: CountConvention | undefined;
  rest: TotalRest | undefined;
}

/**
 * Token counts in normal form: the usage columns of the span row. `input` and `output` are inclusive.
 * Where `input` is known, inputUncached + cacheRead + cacheWrite5m + cacheWrite1h + audioInput +
 * imageInput = input (absent parts counting nothing), and reasoning + audioOutput + imageOutput <= output.
 */
export interface NormalUsage {
  input: number | undefined;
  output: number | undefined;
  inputUncached: number | undefined;
  /** The part of `inputUncached` that the provider's own tools put into the prompt. */
  toolUsePrompt: number | undefined;
  cacheRead: number | undefined;
  /** Written with the default time to live; a write whose time to live is not known counts here. */
  cacheWrite5m: number | undefined;
  cacheWrite1h: number | undefined;
  reasoning: number | undefined;
  audioInput: number | undefined;
  audioOutput: number | undefined;
  imageInput: number | undefined;
  imageOutput: number | undefined;
  /** Searches that the provider charges one by one. */
  webSearches: number | undefined;
  /** Undefined when there is no count at all. */
  basis: UsageBasis | undefined;
  source: UsageSource;
  /** Bits of USAGE_FLAG: what was odd about the counts. */
  flags: number;
}

/** One call cannot have more tokens: a hundred times the largest context there is. A larger count is a mistake. */
export const TOKENS_MAX = 1_000_000_000;

/** Bits of `NormalUsage.flags`. */
export const USAGE_FLAG = {
  /** A count was negative, fractional, not finite or above TOKENS_MAX, and was treated as not sent. */
  invalidCount: 1,
  /** The total fits neither the counts as sent nor the normal form. The difference is billed to nobody. */
  totalMismatch: 2,
  /** The parts say more than their total: cached and other counts overlap, the others were cut. */
  partsOverlap: 4,
  /** The 5 minute and 1 hour writes add up to more than all writes; the split was kept. */
  cacheWriteMismatch: 8,
  /** The counts prove that the rule table is wrong about this producer. */
  ruleContradicted: 16,
  /** What the total has beyond the counts was taken for reasoning; it may be input that tools brought. */
  unsureRest: 32,
} as const;

/** The names of the flags that are set, for people. */
export function usageFlagNames(flags: number): string[] {
  return Object.entries(USAGE_FLAG)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name);
}

/** A RawUsage with nothing in it, to be filled, passed on and cleared with `clearRawUsage`. */
export function createRawUsage(): RawUsage {
  return {
    input: undefined,
    inputUncached: undefined,
    toolUsePrompt: undefined,
    output: undefined,
    outputEstimate: undefined,
    outputText: undefined,
    total: undefined,
    cacheRead: undefined,
    cacheWrite: undefined,
    cacheWrite5m: undefined,
    cacheWrite1h: undefined,
    reasoning: undefined,
    audioInput: undefined,
    audioOutput: undefined,
    imageInput: undefined,
    imageOutput: undefined,
    webSearches: undefined,
    observedInput: undefined,
    observedOutput: undefined,
    inputConvention: undefined,
    outputConvention: undefined,
    rest: undefined,
  };
}

export function clearRawUsage(raw: RawUsage): void {
  raw.input = undefined;
  raw.inputUncached = undefined;
  raw.toolUsePrompt = undefined;
  raw.output = undefined;
  raw.outputEstimate = undefined;
  raw.outputText = undefined;
  raw.total = undefined;
  raw.cacheRead = undefined;
  raw.cacheWrite = undefined;
  raw.cacheWrite5m = undefined;
  raw.cacheWrite1h = undefined;
  raw.reasoning = undefined;
  raw.audioInput = undefined;
  raw.audioOutput = undefined;
  raw.imageInput = undefined;
  raw.imageOutput = undefined;
  raw.webSearches = undefined;
  raw.observedInput = undefined;
  raw.observedOutput = undefined;
  raw.inputConvention = undefined;
  raw.outputConvention = undefined;
  raw.rest = undefined;
}

/**
 * Are its counts zeros and nothing else? A provider may say so; a producer that never got the counts says the same.
 */
export function countsNothing(raw: RawUsage): boolean {
  if (raw.input !== 0) return false;
  return Object.values(raw).every((count) => typeof count !== "number" || count === 0);
}

/** The object `normaliseUsage` writes into; one per thread is enough. */
export function createNormalUsage(): NormalUsage {
  return {
    input: undefined,
    output: undefined,
    inputUncached: undefined,
    toolUsePrompt: undefined,
    cacheRead: undefined,
    cacheWrite5m: undefined,
    cacheWrite1h: undefined,
    reasoning: undefined,
    audioInput: undefined,
    audioOutput: undefined,
    imageInput: undefined,
    imageOutput: undefined,
    webSearches: undefined,
    basis: undefined,
    source: "missing",
    flags: 0,
  };
}
