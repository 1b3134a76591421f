import { USAGE_RULES } from "../usage/usage-rules.ts";
import type { UsageRule } from "../usage/usage-rules.ts";
import type { UsageBasis, UsageSource } from "../usage/usage.ts";

/** How inclusive and exclusive counts were told apart. */
export const BASIS_WORDS: Readonly<Record<UsageBasis, string>> = {
  proven: "the counts themselves show what they include",
  rule: "this instrumentation is known to count like this",
  spec: "the totals include their parts, as the OpenTelemetry conventions define it",
};

/** Where the counts come from. */
export const SOURCE_WORDS: Readonly<Record<UsageSource, string>> = {
  reported: "the counts that the client sent",
  derived: "worked out from the counts that the client sent",
  estimated: "a guess: not the provider's own counts",
  missing: "the client sent no counts",
};

const RULE_WORDS: Readonly<Record<string, string>> = {
  "counts-prove-it": "only one reading of the counts adds up",
  "otel-definition": "nothing proves or is known otherwise, so the OpenTelemetry definition holds",
  "stream-without-usage": "the answer was streamed and no chunk carried the usage",
  "cut-before-usage": "the call broke off before the provider said what it used",
  "counted-until-cut": "the call broke off: these are the counts that had come by then",
  "total-beyond-counts":
    "the total that was sent is more than the counts: what the rest is, thoughts or what tools brought, is not said, and nobody is billed for it",
  "rest-taken-for-thoughts":
    "the total that was sent is more than the counts: the rest is priced as thoughts, and may be what Google's own tools put into the prompt, which costs less",
  "counts-refused":
    "a count was sent that no call can have (negative, fractional, absurdly large, or no input at all)",
  "not-sent": "the instrumentation recorded the call without its usage",
  "unread-count":
    "the record counts tokens under names that are not known here: they are kept, and in no total",
  "output-estimated":
    "the answer broke off before the provider said what it used: the output is guessed from what had come",
  meter: "a metric counted them: how they are spread over calls is not known",
  "meter-rest": "a metric counted them, beyond the calls that spans or logs tell",
  "meter-tiers":
    "a metric counted them, and the price depends on how long each prompt was: the lowest price is shown",
};

/** What a value of `usage_rule` means; undefined for a rule that is not known here. */
export function usageRuleWords(name: string): string | undefined {
  const words = RULE_WORDS[name];
  if (words !== undefined) return words;
  const rule = knownRule(name);
  return rule === undefined ? undefined : wordsOf(rule);
}

/** What a person who runs the producer should do about the rule; undefined when there is nothing to do. */
export function usageRuleAdvice(name: string): string | undefined {
  return knownRule(name)?.advice ?? MISSING_ADVICE[name];
}

const MISSING_ADVICE: Readonly<Record<string, string>> = {
  "stream-without-usage":
    "ask the provider for usage in streams (OpenAI: stream_options.include_usage) or update the instrumentation",
  "not-sent": "update the instrumentation, or record gen_ai.usage.input_tokens and output_tokens",
  "rest-taken-for-thoughts":
    "use an instrumentation that counts thoughts, and what Google's own tools bring, each by itself",
  "total-beyond-counts":
    "record every part of the usage: cached tokens, reasoning, and what tools brought into the prompt",
  "unread-count":
    "write the counts as gen_ai.usage.* attributes, in the app or with a transform processor of an OpenTelemetry Collector",
  "counts-refused": "correct what the producer writes into the usage attributes",
};

function knownRule(name: string): UsageRule | undefined {
  return USAGE_RULES.find((rule) => rule.name === name);
}

function wordsOf({ input, output, rest, estimate }: UsageRule): string {
  if (estimate !== undefined)
    return "this producer is known to send counts that are not the provider's";
  const inclusion = [
    input === undefined ? undefined : `its input tokens ${verbOf(input)} the cached ones`,
    output === undefined ? undefined : `its output tokens ${verbOf(output)} the reasoning`,
    rest === undefined ? undefined : "what its total has beyond the counts is told by no count",
  ].filter((part) => part !== undefined);
  return inclusion.join(", ");
}

const verbOf = (convention: string): string =>
  convention === "inclusive" ? "contain" : "leave out";

/** What the names in the attribute `lensai.ingest.flags` mean, as far as they are about usage and its price. */
const FLAG_WORDS: Readonly<Record<string, string>> = {
  usage_invalid: "a count was not a number, or not one that a call can have; it was left out",
  usage_invalid_count:
    "a count was negative, fractional, absurdly large, or no input beside an output; it was left out",
  usage_total_mismatch:
    "the total that was sent does not fit the counts; nobody is billed the difference",
  usage_parts_overlap: "the parts say more than their total; the part told apart last was cut",
  usage_cache_write_mismatch: "the cache writes by time to live do not add up to all writes",
  usage_rule_contradicted:
    "the counts prove that the rule for this producer is wrong; the counts won",
  time_absurd:
    "the time that the sender gave cannot be right; the price is that of the time it was received",
  json_unread: "an attribute that should hold JSON with usage could not be read",
};

/** The oddities of a record that concern its usage and its price, in words. */
export function usageFlagWords(flags: unknown): string[] {
  if (!Array.isArray(flags)) return [];
  return flags.flatMap((flag) => FLAG_WORDS[String(flag)] ?? []);
}
