import { BILL_RULES } from "@lensai/otel-config/billing/bill-rule";
import type { BillRule } from "@lensai/otel-config/billing/bill-rule";
import type { CallPart, CallRecord, CallUsage } from "@lensai/otel-config/billing/call-record";
import { twinsApartMicros } from "@lensai/otel-config/billing/twins";
import type { TwinFiled } from "@lensai/otel-config/billing/twins";
import { recordIdOf } from "@lensai/otel-config/billing/record-id";
import { wordHex } from "./id-hash.ts";
import { RowIds } from "./row-reader.ts";
import type { RowReader } from "./row-reader.ts";

/**
 * Call records in two typed arrays: nothing is allocated for a record until another one may speak of the same
 * call. These are the positions in a record's words.
 */
const WORD = {
  trace: 0,
  spanHigh: 4,
  spanLow: 5,
  parentHigh: 6,
  parentLow: 7,
  batch: 8,
  ordinal: 12,
  day: 13,
  project: 14,
  service: 15,
  instance: 16,
  scope: 17,
  requestModel: 18,
  responseModel: 19,
  response: 20,
  flags: 21,
  part: 22,
  source: 23,
  rule: 24,
  shadowHigh: 25,
  shadowLow: 26,
} as const;
const WORDS = 27;

const REAL = {
  start: 0,
  end: 1,
  input: 2,
  output: 3,
  cached: 4,
  toolUsePrompt: 5,
  reasoning: 6,
  partCount: 7,
} as const;
const REALS = 8;

const FLAG = { log: 1, trace: 2, span: 4, parent: 8, input: 16, output: 32, priced: 64 } as const;

const PARTS: readonly CallPart[] = ["call", "agent", "step"];
const SOURCES: ReadonlyArray<CallUsage["source"]> = [
  "none",
  "missing",
  "estimated",
  "derived",
  "reported",
];
const RULES = Object.keys(BILL_RULES) as readonly BillRule[];

/** Which record a verdict points to, as the column has it. */
export interface StoredVerdict {
  readonly rule: BillRule;
  /** Span id in hex; undefined where the billed record is the record itself, or has no span id. */
  readonly shadowedBy: string | undefined;
}

export class CallTable {
  readonly words: Int32Array;
  private readonly reals: Float64Array;
  private readonly ids = new RowIds();

  constructor(capacity: number) {
    this.words = new Int32Array(capacity * WORDS);
    this.reals = new Float64Array(capacity * REALS);
  }

  get sizeBytes(): number {
    return this.words.byteLength + this.reals.byteLength;
  }

  word(slot: number, name: keyof typeof WORD): number {
    return this.words[slot * WORDS + WORD[name]] as number;
  }

  placeOf(slot: number, name: keyof typeof WORD): number {
    return slot * WORDS + WORD[name];
  }

  isCall(slot: number): boolean {
    return this.word(slot, "part") === 0;
  }

  /** Two calls of one scope with response ids of their own: neither changes the verdict on the other. */
  areApart(left: number, right: number): boolean {
    if (this.loneRule(left) !== "call" || this.loneRule(right) !== "call") return false;
    const [a, b] = [this.word(left, "response"), this.word(right, "response")];
    if (a === 0 || b === 0 || a === b) return false;
    return (
      this.word(left, "scope") === this.word(right, "scope") &&
      this.word(left, "service") === this.word(right, "service") &&
      this.has(left, "log") === this.has(right, "log")
    );
  }

  /** Nothing that the table shows at a glance says no: records are made only of those of which it does not. */
  mayBeTwins(left: number, right: number): boolean {
    if (this.word(left, "scope") === this.word(right, "scope")) return false;
    if (this.word(left, "service") !== this.word(right, "service")) return false;
    if (this.word(left, "project") !== this.word(right, "project")) return false;
    if (this.differ(left, right, "response") || this.differ(left, right, "instance")) return false;
    const from = Math.max(this.startOf(left), this.startOf(right));
    const to = Math.min(this.endOf(left), this.endOf(right));
    return from - to <= twinsApartMicros(this.has(left, "log") || this.has(right, "log"));
  }

  /** Both say it, and they say different things. */
  private differ(left: number, right: number, name: "response" | "instance"): boolean {
    const [a, b] = [this.word(left, name), this.word(right, name)];
    return a !== b && a !== 0 && b !== 0;
  }

  private endOf(slot: number): number {
    return this.reals[slot * REALS + REAL.end] as number;
  }

  startOf(slot: number): number {
    return this.reals[slot * REALS + REAL.start] as number;
  }

  has(slot: number, flag: "trace" | "span" | "log"): boolean {
    return (this.word(slot, "flags") & FLAG[flag]) !== 0;
  }

  /** Puts a row's record into a slot. */
  write(slot: number, row: RowPlace): void {
    const { reader, at, part, project, day } = row;
    const { words, ids } = this;
    const base = slot * WORDS;
    reader.readIds(at, ids);
    // Word by word: copying a few words natively costs more than they are worth.
    copyWords(words, base + WORD.trace, ids.trace);
    words[base + WORD.spanHigh] = ids.spanHigh;
    words[base + WORD.spanLow] = ids.spanLow;
    words[base + WORD.parentHigh] = ids.parentHigh;
    words[base + WORD.parentLow] = ids.parentLow;
    copyWords(words, base + WORD.batch, reader.batchIds.getOr(at, NO_BATCH));
    words[base + WORD.ordinal] = reader.ordinal(at);
    words[base + WORD.day] = day;
    words[base + WORD.project] = project;
    words[base + WORD.service] = reader.services.getOr(at, 0);
    words[base + WORD.instance] = reader.instances.getOr(at, 0);
    words[base + WORD.requestModel] = reader.requestModels.getOr(at, 0);
    words[base + WORD.responseModel] = reader.responseModels.getOr(at, 0);
    words[base + WORD.response] = reader.responseOf(at);
    words[base + WORD.part] = PARTS.indexOf(part);
    const isLog = reader.signalOf(at) === "log";
    words[base + WORD.scope] = isLog
      ? Math.imul(reader.scopes.getOr(at, 0), 31) ^ reader.names.getOr(at, 1)
      : reader.scopes.getOr(at, 0);
    this.writeUsage(slot, (isLog ? FLAG.log : 0) | idFlags(ids), reader.usageOf(at));
    const start = reader.startMicros(at);
    this.reals[slot * REALS + REAL.start] = start;
    this.reals[slot * REALS + REAL.end] = isLog ? start : reader.endMicros(at);
  }

  private writeUsage(slot: number, flags: number, usage: CallUsage): void {
    const { words, reals } = this;
    const at = slot * REALS;
    words[slot * WORDS + WORD.source] = SOURCES.indexOf(usage.source);
    words[slot * WORDS + WORD.flags] =
      flags |
      (usage.input === undefined ? 0 : FLAG.input) |
      (usage.output === undefined ? 0 : FLAG.output) |
      (usage.isPriced ? FLAG.priced : 0);
    reals[at + REAL.input] = usage.input ?? 0;
    reals[at + REAL.output] = usage.output ?? 0;
    reals[at + REAL.cached] = usage.cached;
    reals[at + REAL.toolUsePrompt] = usage.toolUsePrompt;
    reals[at + REAL.reasoning] = usage.reasoning;
    reals[at + REAL.partCount] = usage.partCount;
  }

  /** The verdict on a record by itself. */
  loneRule(slot: number): BillRule {
    if (!this.isCall(slot)) return "aggregate_only";
    return this.word(slot, "source") === 0 ? "failed" : "call";
  }

  verdict(slot: number): StoredVerdict {
    const [high, low] = [this.word(slot, "shadowHigh"), this.word(slot, "shadowLow")];
    return {
      rule: RULES[this.word(slot, "rule")] as BillRule,
      shadowedBy: high === 0 && low === 0 ? undefined : wordHex(high) + wordHex(low),
    };
  }

  /** Answers whether that is news. `by`: the slot of the record that is billed instead. */
  setVerdict(slot: number, rule: BillRule, by: number | undefined): boolean {
    const { words } = this;
    const base = slot * WORDS;
    const code = RULES.indexOf(rule);
    const high = by === undefined ? 0 : this.spanWord(by, "High");
    const low = by === undefined ? 0 : this.spanWord(by, "Low");
    const isNews =
      words[base + WORD.rule] !== code ||
      words[base + WORD.shadowHigh] !== high ||
      words[base + WORD.shadowLow] !== low;
    words[base + WORD.rule] = code;
    words[base + WORD.shadowHigh] = high;
    words[base + WORD.shadowLow] = low;
    return isNews;
  }

  traceId(slot: number): string | undefined {
    if (!this.has(slot, "trace")) return undefined;
    return this.hex(slot, WORD.trace, 4);
  }

  spanId(slot: number): string | undefined {
    return this.has(slot, "span") ? this.hex(slot, WORD.spanHigh, 2) : undefined;
  }

  batchId(slot: number): string {
    return this.hex(slot, WORD.batch, 4);
  }

  recordAt(slot: number): CallRecord {
    const flags = this.word(slot, "flags");
    const isLog = (flags & FLAG.log) !== 0;
    const span = (flags & FLAG.span) === 0 ? undefined : this.hex(slot, WORD.spanHigh, 2);
    const parent = (flags & FLAG.parent) === 0 ? undefined : this.hex(slot, WORD.parentHigh, 2);
    const models = [this.word(slot, "requestModel"), this.word(slot, "responseModel")];
    const instance = this.word(slot, "instance");
    const response = this.word(slot, "response");
    return {
      id: recordIdOf(this.batchId(slot), this.word(slot, "ordinal")),
      project: this.word(slot, "project"),
      signal: isLog ? "log" : "span",
      part: PARTS[this.word(slot, "part")] as CallPart,
      trace: this.traceId(slot),
      span: isLog ? undefined : span,
      // A log's span id is that of the span it was written in.
      parent: isLog ? span : parent,
      service: this.word(slot, "service"),
      instance: instance === 0 ? undefined : instance,
      scope: this.word(slot, "scope"),
      models: models.filter((model) => model !== 0),
      responseId: response === 0 ? undefined : response,
      startMicros: this.startOf(slot),
      endMicros: this.endOf(slot),
      usage: this.usageAt(slot, flags),
    };
  }

  /** What tells where a record is filed for its twins, without the ids: texts are slow to make. */
  filedAt(slot: number): TwinFiled {
    const usage = this.usageAt(slot, this.word(slot, "flags"));
    return { startMicros: this.startOf(slot), endMicros: this.endOf(slot), usage };
  }

  private usageAt(slot: number, flags: number): CallUsage {
    const real = (name: keyof typeof REAL): number =>
      this.reals[slot * REALS + REAL[name]] as number;
    return {
      source: SOURCES[this.word(slot, "source")] as CallUsage["source"],
      input: (flags & FLAG.input) === 0 ? undefined : real("input"),
      output: (flags & FLAG.output) === 0 ? undefined : real("output"),
      cached: real("cached"),
      toolUsePrompt: real("toolUsePrompt"),
      reasoning: real("reasoning"),
      partCount: real("partCount"),
      isPriced: (flags & FLAG.priced) !== 0,
    };
  }

  /** 0 for a record without a span id, a log: the column stays empty. */
  private spanWord(slot: number, half: "High" | "Low"): number {
    if (!this.has(slot, "span") || this.has(slot, "log")) return 0;
    return this.word(slot, half === "High" ? "spanHigh" : "spanLow");
  }

  private hex(slot: number, from: number, count: number): string {
    let text = "";
    for (let word = from; word < from + count; word += 1) {
      text += wordHex(this.words[slot * WORDS + word] as number);
    }
    return text;
  }
}

function copyWords(target: Int32Array, at: number, words: Int32Array): void {
  for (let word = 0; word < words.length; word += 1) target[at + word] = words[word] as number;
}

function idFlags({ hasTrace, hasSpan, hasParent }: RowIds): number {
  const trace = hasTrace ? FLAG.trace : 0;
  return trace | (hasSpan ? FLAG.span : 0) | (hasParent ? FLAG.parent : 0);
}

export interface RowPlace {
  readonly reader: RowReader;
  readonly at: number;
  readonly part: CallPart;
  readonly project: number;
  readonly day: number;
}

const NO_BATCH = new Int32Array(4);
