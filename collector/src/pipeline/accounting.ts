import { columnIndex } from "@lensai/otel-config/span-row/columns";
import { billRuleOf } from "@lensai/otel-config/billing/bill-rule";
import type { LoneBillRule } from "@lensai/otel-config/billing/bill-rule";
import { callRoleOf, isModelCall } from "@lensai/otel-config/dialects/call-role";
import { OTEL_GEN_AI_DIALECT } from "@lensai/otel-config/dialects/otel-gen-ai";
import { priceCallNumber } from "@lensai/otel-config/pricing/price-call";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import { canonicalProvider } from "@lensai/otel-config/pricing/provider-names";
import type { UnitPrices } from "@lensai/otel-config/pricing/unit-prices";
import { normaliseUsage } from "@lensai/otel-config/usage/normalise-usage";
import { createNormalUsage } from "@lensai/otel-config/usage/usage";
import type { NormalUsage, RawUsage } from "@lensai/otel-config/usage/usage";
import { ConstantText } from "../decode/row-sink.ts";
import type { RowSink } from "../decode/row-sink.ts";
import type { ColumnInterner, TextRange } from "../decode/text-interner.ts";
import { PriceCache } from "./price-cache.ts";
import type { PriceSubject } from "./price-cache.ts";

const BILLED_COLUMN = columnIndex("billed");
const COST_NANO_USD_COLUMN = columnIndex("cost_nano_usd");
const PROVIDER_COLUMN = columnIndex("provider");

/** What the decoder knows about a record that may be a model call. */
export interface CallFacts {
  readonly isSpan: boolean;
  readonly isError: boolean;
  readonly startMicros: number;
  readonly usage: RawUsage;
  readonly operation: CallText;
  readonly provider: CallText;
  readonly requestModel: CallText;
  readonly responseModel: CallText;
  readonly serviceTier: CallText;
}

/** A text of the call, and the column that was the last to give it an id. */
export interface CallText extends TextRange {
  readonly isSet: boolean;
  readonly interner: ColumnInterner;
}

interface Operation {
  readonly role: ConstantText;
  readonly isModelCall: boolean;
}

const MICROS_PER_MS = 1000;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

const DIALECT = new ConstantText("dialect", OTEL_GEN_AI_DIALECT);
const BILL_RULE: Readonly<Record<LoneBillRule, ConstantText>> = {
  call: new ConstantText("bill_rule", "call"),
  failed: new ConstantText("bill_rule", "failed"),
};
const BASIS = {
  proven: new ConstantText("usage_basis", "proven"),
  rule: new ConstantText("usage_basis", "rule"),
  spec: new ConstantText("usage_basis", "spec"),
} as const;
const SOURCE = {
  reported: new ConstantText("usage_source", "reported"),
  derived: new ConstantText("usage_source", "derived"),
  estimated: new ConstantText("usage_source", "estimated"),
  missing: new ConstantText("usage_source", "missing"),
} as const;

const INPUT = columnIndex("input_tokens");
const OUTPUT = columnIndex("output_tokens");
const INPUT_UNCACHED = columnIndex("input_uncached_tokens");
const CACHE_READ = columnIndex("cache_read_tokens");
const CACHE_WRITE_5M = columnIndex("cache_write_5m_tokens");
const CACHE_WRITE_1H = columnIndex("cache_write_1h_tokens");
const REASONING = columnIndex("reasoning_tokens");
const AUDIO_INPUT = columnIndex("audio_input_tokens");
const AUDIO_OUTPUT = columnIndex("audio_output_tokens");
const IMAGE_INPUT = columnIndex("image_input_tokens");
const IMAGE_OUTPUT = columnIndex("image_output_tokens");
const WEB_SEARCHES = columnIndex("web_search_requests");

/** Fills the columns of call, usage, money and billing of the open row from what its attributes said. */
export class Accounting {
  private readonly normal = createNormalUsage();
  private readonly book: PriceBook;
  private readonly prices: PriceCache;
  private bookVersion: string;
  private priceVersion: ConstantText;
  private readonly subject: PriceSubject = {
    projectId: "",
    provider: undefined,
    serviceTier: undefined,
  };
  private readonly operations = new ColumnValues<Operation>(readOperation);
  private readonly providers = new ColumnValues(readProvider);
  private readonly requestModels = new ColumnValues((name) => name);
  private readonly responseModels = new ColumnValues((name) => name);
  private readonly serviceTiers = new ColumnValues((name) => name);

  constructor(book: PriceBook) {
    this.book = book;
    this.prices = new PriceCache(book);
    this.bookVersion = book.version;
    this.priceVersion = new ConstantText("price_version", book.version);
  }

  /** What follows belongs to this project. The book may have changed since the last request. */
  openRequest(projectId: string): void {
    this.subject.projectId = projectId;
    if (this.bookVersion === this.book.version) return;
    this.bookVersion = this.book.version;
    this.priceVersion = new ConstantText("price_version", this.bookVersion);
  }

  /** Answers with the bits of USAGE_FLAG: what was odd about the counts. */
  account(sink: RowSink, facts: CallFacts): number {
    sink.setConstant(DIALECT);
    const usage = normaliseUsage(facts.usage, this.normal);
    const hasUsage = usage.input !== undefined || usage.output !== undefined;
    const hasModel = facts.responseModel.isSet || facts.requestModel.isSet;
    const operation = this.operationOf(facts, hasUsage && hasModel);
    sink.setConstant(operation.role);
    const provider = facts.provider.isSet ? this.providers.get(facts.provider) : undefined;
    if (provider?.text !== undefined) sink.setText(PROVIDER_COLUMN, provider.text);
    const rule = billRuleOf({
      isSpan: facts.isSpan,
      isModelCall: operation.isModelCall,
      hasModel,
      hasUsage,
      isError: facts.isError,
    });
    this.writeUsage(sink, usage, rule);
    if (rule === undefined) return usage.flags;
    sink.setConstant(BILL_RULE[rule]);
    sink.setBool(BILLED_COLUMN, rule === "call");
    if (rule === "call" && hasUsage) this.price(sink, this.pricesOf(facts, provider?.name));
    return usage.flags;
  }

  /** The answering model is priced; where the book does not know its name, the model asked for. */
  private pricesOf(facts: CallFacts, provider: string | undefined): UnitPrices | undefined {
    const { responseModel, requestModel, serviceTier, startMicros } = facts;
    const { subject } = this;
    subject.provider = provider;
    subject.serviceTier = serviceTier.isSet ? this.serviceTiers.get(serviceTier) : undefined;
    const atMs = startMicros / MICROS_PER_MS;
    if (responseModel.isSet) {
      const model = this.responseModels.get(responseModel);
      const prices = this.prices.resolve(subject, model, atMs);
      if (prices !== undefined) return prices;
    }
    if (!requestModel.isSet) return undefined;
    return this.prices.resolve(subject, this.requestModels.get(requestModel), atMs);
  }

  /** Hand-made spans leave the operation out; a model with token counts is a model call all the same. */
  private operationOf(facts: CallFacts, looksLikeCall: boolean): Operation {
    if (facts.operation.isSet) return this.operations.get(facts.operation);
    return looksLikeCall ? UNNAMED_CALL : UNNAMED;
  }

  private writeUsage(sink: RowSink, usage: NormalUsage, rule: LoneBillRule | undefined): void {
    if (usage.basis === undefined) {
      // Only an answered call owes its usage: a tool span without tokens misses nothing.
      if (rule === "call") sink.setConstant(SOURCE.missing);
      return;
    }
    writeCount(sink, INPUT, usage.input);
    writeCount(sink, OUTPUT, usage.output);
    writeCount(sink, INPUT_UNCACHED, usage.inputUncached);
    writeCount(sink, CACHE_READ, usage.cacheRead);
    writeCount(sink, CACHE_WRITE_5M, usage.cacheWrite5m);
    writeCount(sink, CACHE_WRITE_1H, usage.cacheWrite1h);
    writeCount(sink, REASONING, usage.reasoning);
    writeCount(sink, AUDIO_INPUT, usage.audioInput);
    writeCount(sink, AUDIO_OUTPUT, usage.audioOutput);
    writeCount(sink, IMAGE_INPUT, usage.imageInput);
    writeCount(sink, IMAGE_OUTPUT, usage.imageOutput);
    writeCount(sink, WEB_SEARCHES, usage.webSearches);
    sink.setConstant(BASIS[usage.basis]);
    sink.setConstant(SOURCE[usage.source]);
  }

  private price(sink: RowSink, prices: UnitPrices | undefined): void {
    if (prices === undefined) return;
    const costNano = priceCallNumber(this.normal, prices);
    if (costNano === undefined) return;
    sink.setInt64(COST_NANO_USD_COLUMN, costNano);
    sink.setConstant(this.priceVersion);
  }
}

function writeCount(sink: RowSink, column: number, count: number | undefined): void {
  if (count !== undefined) sink.setInt64(column, count);
}

const UNNAMED_CALL: Operation = {
  role: new ConstantText("call_role", "inference"),
  isModelCall: true,
};
const UNNAMED: Operation = { role: new ConstantText("call_role", "other"), isModelCall: false };
const roles = new Map<string, ConstantText>();

function readOperation(name: string): Operation {
  const role = callRoleOf(name);
  const constant = roles.get(role) ?? new ConstantText("call_role", role);
  roles.set(role, constant);
  return { role: constant, isModelCall: isModelCall(role) };
}

/** `text` is the canonical name where it is not the one that came. */
function readProvider(raw: string): { name: string; text: TextRange | undefined } {
  const name = canonicalProvider(raw);
  if (name === raw) return { name, text: undefined };
  const bytes = encoder.encode(name);
  return { name, text: { view: new DataView(bytes.buffer), from: 0, to: bytes.length } };
}

/** Values computed once per distinct text of one column, found by the id that the column gave the text. */
class ColumnValues<T> {
  private generation = 0;
  private values: T[] = [];
  private readonly compute: (text: string) => T;

  constructor(compute: (text: string) => T) {
    this.compute = compute;
  }

  get({ interner, view, from, to }: CallText): T {
    if (this.generation !== interner.generation) {
      this.generation = interner.generation;
      this.values = [];
    }
    const known = this.values[interner.id];
    if (known !== undefined) return known;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + from, to - from);
    const value = this.compute(decoder.decode(bytes));
    this.values[interner.id] = value;
    return value;
  }
}
