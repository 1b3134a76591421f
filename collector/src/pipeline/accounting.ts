import { columnIndex } from "@lensai/otel-config/span-row/columns";
import { billRuleOf } from "@lensai/otel-config/billing/bill-rule";
import type { LoneBillRule } from "@lensai/otel-config/billing/bill-rule";
import { callRoleOf, isModelCall } from "@lensai/otel-config/dialects/call-role";
import type { CallRole } from "@lensai/otel-config/dialects/call-role";
import type { Dialect, NamedRecord } from "@lensai/otel-config/dialects/dialect";
import { DIALECTS } from "@lensai/otel-config/dialects/dialects";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import { canonicalProvider } from "@lensai/otel-config/pricing/provider-names";
import { normaliseUsage, refuseEmptyInput } from "@lensai/otel-config/usage/normalise-usage";
import { clearRawUsage, countsNothing, createNormalUsage } from "@lensai/otel-config/usage/usage";
import type { NormalUsage } from "@lensai/otel-config/usage/usage";
import type { UsageReading } from "@lensai/otel-config/usage/usage-reading";
import { isBreakOff } from "@lensai/otel-config/billing/break-off";
import { ColumnValues } from "../decode/column-values.ts";
import type { RecordFields } from "../decode/record-fields.ts";
import { ConstantText } from "../decode/row-sink.ts";
import type { RowSink } from "../decode/row-sink.ts";
import type { CallProducer } from "../decode/scope-facts.ts";
import type { TextRange } from "../decode/text-interner.ts";
import { CallPrice } from "./call-price.ts";
import { writeUsage } from "./usage-columns.ts";

const BILLED_COLUMN = columnIndex("billed");
const CLIENT_COST_COLUMN = columnIndex("client_cost_nano_usd");
const PROVIDER_COLUMN = columnIndex("provider");
const STREAMING_COLUMN = columnIndex("streaming");

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const DIALECT = DIALECTS.map(({ name }) => new ConstantText("dialect", name));
const BILL_RULE: Readonly<Record<LoneBillRule, ConstantText>> = {
  call: new ConstantText("bill_rule", "call"),
  failed: new ConstantText("bill_rule", "failed"),
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Fills the columns of call, usage, money and billing of the open row from what its attributes said. */
export class Accounting {
  private readonly normal = createNormalUsage();
  private readonly price: CallPrice;
  private readonly operations = new ColumnValues((name) => callRoleOf(name) ?? "unknown");
  private readonly answerEnds = new ColumnValues(answerEndOf);
  private readonly names = new ColumnValues(namedRecords);
  private readonly providers = new ColumnValues(readProvider);
  private readonly requestModels = new ColumnValues((name) => name);
  private readonly responseModels = new ColumnValues((name) => name);
  /** Of the record at hand; reused. */
  private readonly producer: Mutable<CallProducer> = {
    dialect: "",
    provider: undefined,
    model: undefined,
    isStreaming: false,
    isFinished: false,
  };

  constructor(book: PriceBook) {
    this.price = new CallPrice(book);
  }

  /** What follows belongs to this project. */
  openRequest(projectId: string): void {
    this.price.openRequest(projectId);
  }

  /** Answers with the bits of USAGE_FLAG: what was odd about the counts. */
  account(sink: RowSink, record: RecordFields): number {
    const index = dialectOf(record.signs);
    const dialect = DIALECTS[index] as Dialect;
    sink.setConstant(DIALECT[index] as ConstantText);
    if (record.isImplicitStream) {
      record.isStreaming = true;
      sink.setBool(STREAMING_COLUMN, true);
    }
    if (isBlank(record)) clearRawUsage(record.usage);
    const provider = this.providerOf(sink, record, dialect);
    const reading = this.readingOf(record, dialect, provider);
    record.usage.inputConvention = reading.input;
    record.usage.outputConvention = reading.output;
    record.usage.rest = reading.rest;
    const usage = normaliseUsage(record.usage, this.normal);
    const hasUsage = usage.input !== undefined || usage.output !== undefined;
    const named = record.name.isSet ? this.names.get(record.name)[index] : undefined;
    const said = withoutCache(this.roleOf(record, named, hasUsage), record);
    const isOpened = named === undefined && isOpening(record, dialect, { role: said, hasUsage });
    const role = isOpened ? "step" : said;
    sink.setConstant(ROLE[role]);
    const { finishReasons } = record;
    const answerEnd = finishReasons.isSet ? this.answerEnds.get(finishReasons) : "unsaid";
    const rule = verdictOf(record, { named, role, hasUsage, answerEnd });
    const isInference = role === "inference";
    if (isInference) refuseEmptyInput(usage);
    writeUsage(sink, usage, { record, reading, isAnswered: rule === "call", isInference });
    this.writeClientCost(sink, record, usage);
    if (hasUsage) this.price.write(sink, usage, { record, provider });
    if (rule !== undefined) {
      sink.setConstant(BILL_RULE[rule]);
      sink.setBool(BILLED_COLUMN, rule === "call");
    }
    return usage.flags;
  }

  /** The canonical name, which also goes into the column. */
  private providerOf(
    sink: RowSink,
    { provider }: RecordFields,
    dialect: Dialect,
  ): string | undefined {
    const known = provider.isSet ? this.providers.get(provider) : impliedProvider(dialect);
    if (known?.text !== undefined) sink.setText(PROVIDER_COLUMN, known.text);
    return known?.name;
  }

  private readingOf(
    record: RecordFields,
    { name }: Dialect,
    provider: string | undefined,
  ): UsageReading {
    const { producer } = this;
    producer.dialect = name;
    producer.provider = provider;
    producer.model = this.modelOf(record);
    producer.isStreaming = record.isStreaming;
    producer.isFinished = record.finishReasons.isSet;
    return record.scope.readingOf(producer);
  }

  private modelOf({ requestModel, responseModel }: RecordFields): string | undefined {
    if (requestModel.isSet) return this.requestModels.get(requestModel);
    return responseModel.isSet ? this.responseModels.get(responseModel) : undefined;
  }

  /**
   * The dialect's own word first, then the record's name, then the operation. Hand-made spans say nothing: a
   * model with token counts, or with an answer, is a model call all the same.
   */
  private roleOf(
    record: RecordFields,
    named: NamedRecord | undefined,
    hasUsage: boolean,
  ): CallRole {
    const said = named?.overrules === true ? named.role : (record.role ?? named?.role);
    if (said !== undefined) return said;
    const operation = record.operation.isSet ? this.operations.get(record.operation) : "unknown";
    if (operation !== "unknown") return operation;
    if (record.fallbackRole !== undefined) return record.fallbackRole;
    return roleBySight(record, hasUsage);
  }

  /** A claim of nothing for tokens that were used is a producer without a price list. */
  private writeClientCost(
    sink: RowSink,
    { clientCostNano }: RecordFields,
    usage: NormalUsage,
  ): void {
    if (clientCostNano === undefined) return;
    const hasTokens = (usage.input ?? 0) + (usage.output ?? 0) > 0;
    if (clientCostNano > 0 || !hasTokens) sink.setInt64(CLIENT_COST_COLUMN, clientCostNano);
  }
}

/** The most specific dialect whose signs the record shows: the lowest bit. */
function dialectOf(signs: number): number {
  return 31 - Math.clz32(signs & -signs);
}

function hasModel({ requestModel, responseModel }: RecordFields): boolean {
  return requestModel.isSet || responseModel.isSet;
}

/** No prompt is empty: zeros are the provider's word only where the answer is known to have ended. */
function isBlank({ signal, usage, finishReasons }: RecordFields): boolean {
  return signal !== "metric" && !finishReasons.isSet && countsNothing(usage);
}

/** Of a streamed call, whose end is told by another record. */
function isOpening(
  record: RecordFields,
  { openings }: Dialect,
  { role, hasUsage }: { readonly role: CallRole; readonly hasUsage: boolean },
): boolean {
  const { scope } = record.scope;
  if (openings === undefined || scope === undefined || !openings.includes(scope)) return false;
  const isFailed = record.isError || record.hasException || record.isRefused;
  return role === "inference" && !hasUsage && !isFailed && !record.hasAnswerBegun;
}

/** A call that no provider has seen is none. */
function withoutCache(role: CallRole, { isFromCache }: RecordFields): CallRole {
  return isFromCache && isModelCall(role) ? "cache" : role;
}

/** What a record without any word for it looks like. */
function roleBySight(record: RecordFields, hasUsage: boolean): CallRole {
  if (record.namesTool && !hasUsage) return "tool";
  if (record.namesAgent && !hasModel(record)) return "agent";
  // Its own usage, or a sum: it counts where nothing below it does.
  if (hasUsage && !hasModel(record) && record.signal === "span") return "chain";
  const isAnswer = hasUsage || record.hasAnswerBegun;
  return isAnswer && hasModel(record) && record.signal !== "metric" ? "inference" : "other";
}

/** Verdict on the record as if it were the only one of its call. */
function verdictOf(
  record: RecordFields,
  about: {
    named: NamedRecord | undefined;
    role: CallRole;
    hasUsage: boolean;
    answerEnd: AnswerEnd;
  },
): LoneBillRule | undefined {
  const { named, role, hasUsage, answerEnd } = about;
  const isNamedError = named?.isError === true;
  const isError =
    isNamedError ||
    record.isRefused ||
    record.isError ||
    record.hasException ||
    answerEnd === "error";
  return billRuleOf({
    isRecordOfCall: record.signal !== "metric",
    isModelCall: isModelCall(role),
    hasModel: hasModel(record),
    hasUsage,
    isError,
    hasAnswerBegun:
      isError &&
      !hasUsage &&
      !isNamedError &&
      !record.isRefused &&
      (record.hasAnswerBegun || answerEnd === "ended" || brokeOff(record)),
  });
}

/** What the reasons why an answer ended say: that it came to an end, that there was none, or nothing. */
type AnswerEnd = "ended" | "error" | "unsaid";

const UNSAID: ReadonlySet<string> = new Set(["error", "unknown", "other", "none", "null"]);

function answerEndOf(list: string): AnswerEnd {
  const reasons = list.toLowerCase().match(/[\w-]+/g) ?? [];
  if (reasons.some((reason) => !UNSAID.has(reason))) return "ended";
  return reasons.length > 0 && reasons.every((reason) => reason === "error") ? "error" : "unsaid";
}

/** Broken by the network or the caller while the provider was answering, which it charges for. */
function brokeOff({ errorType, statusMessage, exceptionMessage }: RecordFields): boolean {
  return isBreakOff({
    type: errorType.isSet ? textOf(errorType) : "",
    message: statusMessage.isSet ? textOf(statusMessage) : "",
    exceptionMessage: textOf(exceptionMessage),
  });
}

function textOf({ view, from, to }: TextRange): string {
  return decoder.decode(new Uint8Array(view.buffer, view.byteOffset + from, to - from));
}

const roleNames: readonly CallRole[] = [
  "inference",
  "embedding",
  "rerank",
  "image",
  "audio",
  "tool",
  "retrieval",
  "agent",
  "step",
  "workflow",
  "chain",
  "cache",
  "other",
];
const ROLE = Object.fromEntries(
  roleNames.map((role) => [role, new ConstantText("call_role", role)]),
) as Readonly<Record<CallRole, ConstantText>>;

const NO_RECORDS: ReadonlyArray<NamedRecord | undefined> = [];

function isNamed({ name: pattern }: NamedRecord, name: string): boolean {
  return pattern.startsWith("*") ? name.endsWith(pattern.slice(1)) : name === pattern;
}

/** What a record of this name is, by dialect; the OTel names hold in all of them. */
function namedRecords(name: string): ReadonlyArray<NamedRecord | undefined> {
  const find = (dialect: Dialect): NamedRecord | undefined =>
    dialect.records?.find((record) => isNamed(record, name));
  const base = find(DIALECTS.at(-1) as Dialect);
  const records = DIALECTS.map((dialect) => find(dialect) ?? base);
  return records.every((record) => record === undefined) ? NO_RECORDS : records;
}

interface KnownProvider {
  readonly name: string;
  /** The canonical name where it is not the one that came. */
  readonly text: TextRange | undefined;
}

function readProvider(raw: string): KnownProvider {
  const name = canonicalProvider(raw);
  return { name, text: name === raw ? undefined : rangeOf(name) };
}

const implied = new Map<string, KnownProvider>();

function impliedProvider({ provider }: Dialect): KnownProvider | undefined {
  if (provider === undefined) return undefined;
  const known = implied.get(provider) ?? { name: provider, text: rangeOf(provider) };
  implied.set(provider, known);
  return known;
}

function rangeOf(text: string): TextRange {
  const bytes = encoder.encode(text);
  return { view: new DataView(bytes.buffer), from: 0, to: bytes.length };
}
