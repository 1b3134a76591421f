import { columnIndex } from "@lensai/otel-config/span-row/columns";
import { hasObservedUsage } from "@lensai/otel-config/usage/normalise-usage";
import { USAGE_FLAG } from "@lensai/otel-config/usage/usage";
import type { NormalUsage, RawUsage, UsageSource } from "@lensai/otel-config/usage/usage";
import type { UsageDoubt, UsageReading } from "@lensai/otel-config/usage/usage-reading";
import type { RecordFields } from "../decode/record-fields.ts";
import { ConstantText } from "../decode/row-sink.ts";
import type { RowSink } from "../decode/row-sink.ts";

const BASIS = {
  proven: new ConstantText("usage_basis", "proven"),
  rule: new ConstantText("usage_basis", "rule"),
  spec: new ConstantText("usage_basis", "spec"),
} as const;
const SOURCE: Readonly<Record<UsageSource, ConstantText>> = {
  reported: new ConstantText("usage_source", "reported"),
  derived: new ConstantText("usage_source", "derived"),
  estimated: new ConstantText("usage_source", "estimated"),
  missing: new ConstantText("usage_source", "missing"),
};
/** Rules of the normal form itself; the others are those of the rule table. */
const RULE = {
  proven: new ConstantText("usage_rule", "counts-prove-it"),
  spec: new ConstantText("usage_rule", "otel-definition"),
  refused: new ConstantText("usage_rule", "counts-refused"),
  stream: new ConstantText("usage_rule", "stream-without-usage"),
  cut: new ConstantText("usage_rule", "cut-before-usage"),
  estimated: new ConstantText("usage_rule", "output-estimated"),
  partial: new ConstantText("usage_rule", "counted-until-cut"),
  notSent: new ConstantText("usage_rule", "not-sent"),
  unread: new ConstantText("usage_rule", "unread-count"),
  beyond: new ConstantText("usage_rule", "total-beyond-counts"),
  unsureRest: new ConstantText("usage_rule", "rest-taken-for-thoughts"),
} as const;

const INPUT = columnIndex("input_tokens");
const OUTPUT = columnIndex("output_tokens");
const INPUT_UNCACHED = columnIndex("input_uncached_tokens");
const TOOL_USE_PROMPT = columnIndex("tool_use_prompt_tokens");
const CACHE_READ = columnIndex("cache_read_tokens");
const CACHE_WRITE_5M = columnIndex("cache_write_5m_tokens");
const CACHE_WRITE_1H = columnIndex("cache_write_1h_tokens");
const REASONING = columnIndex("reasoning_tokens");
const AUDIO_INPUT = columnIndex("audio_input_tokens");
const AUDIO_OUTPUT = columnIndex("audio_output_tokens");
const IMAGE_INPUT = columnIndex("image_input_tokens");
const IMAGE_OUTPUT = columnIndex("image_output_tokens");
const WEB_SEARCHES = columnIndex("web_search_requests");

interface UsageSubject {
  readonly record: RecordFields;
  readonly reading: UsageReading;
  /** A call that owes its usage. */
  readonly isAnswered: boolean;
  /** Its answer is counted too; that of an embedding is not. */
  readonly isInference: boolean;
}

/** Writes the counts, where they come from and which rule read them, or why there are none. */
export function writeUsage(sink: RowSink, usage: NormalUsage, about: UsageSubject): void {
  const { record, reading, isAnswered, isInference } = about;
  writeCount(sink, WEB_SEARCHES, usage.webSearches);
  if (usage.basis === undefined) {
    // Only an answered call owes its usage: a tool span without tokens misses nothing.
    if (!isAnswered) return;
    sink.setConstant(SOURCE.missing);
    sink.setConstant(whyMissing(record, usage));
    return;
  }
  writeCount(sink, INPUT, usage.input);
  writeCount(sink, OUTPUT, usage.output);
  writeCount(sink, INPUT_UNCACHED, usage.inputUncached);
  writeCount(sink, TOOL_USE_PROMPT, usage.toolUsePrompt);
  writeCount(sink, CACHE_READ, usage.cacheRead);
  writeCount(sink, CACHE_WRITE_5M, usage.cacheWrite5m);
  writeCount(sink, CACHE_WRITE_1H, usage.cacheWrite1h);
  writeCount(sink, REASONING, usage.reasoning);
  writeCount(sink, AUDIO_INPUT, usage.audioInput);
  writeCount(sink, AUDIO_OUTPUT, usage.audioOutput);
  writeCount(sink, IMAGE_INPUT, usage.imageInput);
  writeCount(sink, IMAGE_OUTPUT, usage.imageOutput);
  sink.setConstant(BASIS[usage.basis]);
  const guess = doubtOf(record, usage, reading);
  if (isAnswered && isHalf(usage, about)) {
    sink.setConstant(SOURCE.missing);
    sink.setConstant(whyMissing(record, usage));
  } else if (isInference && isCut(record)) {
    sink.setConstant(SOURCE.estimated);
    sink.setConstant(RULE.partial);
  } else {
    sink.setConstant(SOURCE[guess === undefined ? usage.source : "estimated"]);
    sink.setConstant(guess ?? readBy(usage, reading));
  }
}

/** Of a record that no dialect knows: tokens were counted, and nobody can say of what. */
export function writeUnread(sink: RowSink): void {
  sink.setConstant(SOURCE.missing);
  sink.setConstant(RULE.unread);
}

/** A stream that broke off has often said what went in, and never what came out. */
function isHalf({ input, output }: NormalUsage, { isInference }: UsageSubject): boolean {
  return isInference && (input === undefined || output === undefined);
}

/** It broke, and names no reason why the answer ended: its counts are what had come by then. */
function isCut({ isError, finishReasons }: RecordFields): boolean {
  return isError && !finishReasons.isSet;
}

function writeCount(sink: RowSink, column: number, count: number | undefined): void {
  if (count !== undefined) sink.setInt64(column, count);
}

/** Why the counts may not be what the provider charges for. */
function doubtOf(
  record: RecordFields,
  usage: NormalUsage,
  reading: UsageReading,
): ConstantText | undefined {
  if (hasUntoldCached(record, usage)) return RULE.unread;
  if ((usage.flags & USAGE_FLAG.unsureRest) !== 0) return RULE.unsureRest;
  return (
    guessOf(record.usage, usage, reading) ?? (isShort(record, usage) ? RULE.beyond : undefined)
  );
}

/**
 * The producer's own total has more than its counts: something that is charged for has none. Not said of logs: with
 * nothing but equal counts that are sure, they are joined with the other records of their call.
 */
function isShort({ signal, usage: { total } }: RecordFields, usage: NormalUsage): boolean {
  if (signal !== "span" || total === undefined) return false;
  if ((usage.flags & USAGE_FLAG.totalMismatch) === 0) return false;
  const { input, output } = usage;
  return input !== undefined && output !== undefined && total > input + output;
}

function hasUntoldCached({ usage, unread }: RecordFields, normal: NormalUsage): boolean {
  if (hasObservedUsage(usage)) return false;
  const { cacheRead = 0, cacheWrite5m = 0, cacheWrite1h = 0 } = normal;
  return unread.hasUntoldCached(cacheRead, cacheWrite5m, cacheWrite1h);
}

/** The rule that says the counts may be the producer's guess. */
function guessOf(
  raw: RawUsage,
  usage: NormalUsage,
  { estimate }: UsageReading,
): ConstantText | undefined {
  if (estimate === undefined || (hasObservedUsage(raw) && !estimate.isPartial)) return undefined;
  return isSure(usage, estimate.kind) ? undefined : ruleNamed(estimate.rule);
}

function isSure({ cacheRead, reasoning }: NormalUsage, kind: UsageDoubt["kind"]): boolean {
  if (kind === "unlessCacheCounted") return cacheRead !== undefined;
  return kind === "unlessDetailed" && (cacheRead ?? 0) + (reasoning ?? 0) > 0;
}

function readBy(usage: NormalUsage, { conventionRule, output }: UsageReading): ConstantText {
  if (usage.source === "estimated") return RULE.estimated;
  if (usage.basis === "proven") return RULE.proven;
  const isOutputRuled = output !== undefined && (usage.reasoning ?? 0) > 0;
  const isRuled = usage.basis === "rule" || usage.source === "derived" || isOutputRuled;
  return isRuled && conventionRule !== undefined ? ruleNamed(conventionRule) : RULE.spec;
}

function whyMissing(record: RecordFields, usage: NormalUsage): ConstantText {
  if (record.hasRefusedCount || (usage.flags & USAGE_FLAG.invalidCount) !== 0) return RULE.refused;
  if (!record.unread.isEmpty) return RULE.unread;
  if (record.isError || record.hasException) return RULE.cut;
  return record.isStreaming ? RULE.stream : RULE.notSent;
}

const ruleTexts = new Map<string, ConstantText>();

/** The rule table is small and fixed, and so are these texts. */
function ruleNamed(name: string): ConstantText {
  const known = ruleTexts.get(name) ?? new ConstantText("usage_rule", name);
  ruleTexts.set(name, known);
  return known;
}
