import { columnIndex } from "@lensai/otel-config/span-row/columns";
import type { Redactor } from "@lensai/otel-config/redaction/redactor";
import { VALUE_STRING } from "./any-value.ts";
import { CodeList } from "./code-list.ts";
import { AttributeDecoder, EXCEPTION_MESSAGE, openObject } from "./attribute-decoder.ts";
import { clearRange, emptyRange, setRange } from "./field-reader.ts";
import { FieldWriter } from "./field-writer.ts";
import { ColumnValues } from "./column-values.ts";
import { RecordFields } from "./record-fields.ts";
import type { RecordSignal } from "./record-fields.ts";
import { FLAG, USAGE_FLAG_SHIFT, flagsToJson } from "./record-flags.ts";
import { ResourceDecoder } from "./resource-decoder.ts";
import { RowSink } from "./row-sink.ts";
import { countOutcome } from "./record-outcomes.ts";
import type { RecordOrigin, RecordOutcome } from "./record-outcomes.ts";
import type { Accounting } from "../pipeline/accounting.ts";
import type { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { writeUnread } from "../pipeline/usage-columns.ts";
import { ConstantText } from "./row-sink.ts";
import { LENSAI } from "@lensai/otel-config/attributes/lensai";
import { trustedMicros } from "@lensai/otel-config/span-row/trusted-time";
import type { TextRange } from "./text-interner.ts";
import { MICROS_PER_DAY, toWords } from "./unix-nano.ts";

const ERROR_TYPE_COLUMN = columnIndex("error_type");
const RECORD_ORDINAL_COLUMN = columnIndex("record_ordinal");
const RECEIVED_AT_COLUMN = columnIndex("received_at");
const REDACTION_COUNT_COLUMN = columnIndex("redaction_count");
const SPAN_NAME_COLUMN = columnIndex("span_name");
const START_TIME_COLUMN = columnIndex("start_time");
const START_UNIX_NANO_COLUMN = columnIndex("start_unix_nano");

const EXCEPTION_TYPE = "exception.type";

/** What holds for every record of a request. */
export interface RequestFacts {
  readonly projectId: string;
  readonly apiKeyId: string | undefined;
  /** Lower-case hex. */
  readonly batchId: string;
  readonly receivedAtMs: number;
  readonly keepsContent: boolean;
}

/** Why records were refused, and how many; the reasons go into the partial success. */
export interface DecodeResult {
  accepted: number;
  rejected: number;
  /** Distinct reasons, at most a few. */
  reasons: Set<string>;
  /** Things worth telling although the records were accepted. */
  warnings: Set<string>;
  /** Records of a kind that is not stored (metrics that are not about models). */
  ignored: number;
  /** Spans that had landed before. */
  duplicates: number;
  /** Whose records were rejected, or had landed before. */
  outcomes: RecordOutcome[];
  /** Ordinals of those spans among all spans of the request. */
  skipped: number[];
  /** The body was overwritten in places: it may only be kept as it now is. */
  isAltered: boolean;
}

const CLOSE_OBJECT = 0x7d;
const encoder = new TextEncoder();
const FLAGS_KEY = encoder.encode(`${JSON.stringify(LENSAI.ingestFlags)}:`);
const DROPPED_KEY = encoder.encode(`${JSON.stringify(LENSAI.droppedAttributes)}:`);

const SIGNAL = {
  span: new ConstantText("signal", "span"),
  log: new ConstantText("signal", "log"),
  metric: new ConstantText("signal", "metric"),
} as const;

/** What the decoders of spans, log records and metric points share. */
export class RecordDecoder {
  readonly attributes: AttributeDecoder;
  readonly sink: RowSink;
  readonly record: RecordFields;
  private readonly fields: FieldWriter;
  private readonly nameSigns: ColumnValues<number>;
  readonly resource: ResourceDecoder;
  readonly accounting: Accounting;
  receivedMicros = 0;
  private ordinal = 0;
  /** The flags of all records of the request together. */
  requestFlags = 0;
  private readonly exceptionType = emptyRange();
  private readonly exceptionMessage = emptyRange();
  /** An event of the record tells of a part of the answer. */
  hasAnswerEvent = false;
  private readonly text: TextRange = { view: new DataView(new ArrayBuffer(0)), from: 0, to: 0 };
  private readonly requestCodes = new CodeList();
  private received = toWords(0);

  constructor(redactor: Redactor, accounting: Accounting, batch: RowBatch) {
    this.attributes = new AttributeDecoder(redactor);
    this.sink = new RowSink(batch);
    this.resource = new ResourceDecoder(this.attributes, this.sink);
    const { scope } = this.resource;
    this.record = new RecordFields(this.sink, { scope, unread: this.attributes.unread });
    this.fields = new FieldWriter(this.attributes, this.sink, this.record);
    const { nameSigns } = this.attributes.keys.compiled;
    this.nameSigns = new ColumnValues(nameSigns);
    this.accounting = accounting;
  }

  /** Points everything at a request's bytes and at the batch that takes its rows. */
  openRequest(
    body: Uint8Array,
    batch: RowBatch,
    request: { facts: RequestFacts; rowsMax: number },
  ): void {
    const { facts, rowsMax } = request;
    const { attributes, sink } = this;
    attributes.reader.reset(body);
    this.text.view = attributes.reader.view;
    this.record.exceptionMessage.view = attributes.reader.view;
    attributes.redactor.open(body);
    attributes.keepsContent = facts.keepsContent;
    attributes.isAltered = false;
    sink.open(batch, rowsMax);
    this.accounting.openRequest(facts.projectId);
    this.receivedMicros = facts.receivedAtMs * 1000;
    this.requestFlags = 0;
    this.ordinal = -1;
    this.received = toWords(this.receivedMicros);
    this.requestCodes.clear();
    this.addRequestCode("project_id", facts.projectId);
    this.addRequestCode("batch_id", facts.batchId);
    if (facts.apiKeyId !== undefined) this.addRequestCode("api_key_id", facts.apiKeyId);
  }

  private addRequestCode(name: string, text: string): void {
    const bytes = encoder.encode(text);
    const column = columnIndex(name);
    const range = { view: new DataView(bytes.buffer), from: 0, to: bytes.length };
    this.requestCodes.set(column, this.sink.codeOf(column, range));
  }

  /** Columns that are the same for all records of a request, a resource and a scope. */
  writeOrigin(signal: RecordSignal): void {
    const { sink, record } = this;
    record.begin(signal);
    record.scope = this.resource.scope;
    sink.setCodes(this.requestCodes);
    sink.setConstant(SIGNAL[signal]);
    sink.setInt64(RECORD_ORDINAL_COLUMN, this.ordinal);
    this.resource.writeCodes();
    sink.setInt64Words(RECEIVED_AT_COLUMN, this.received.low, this.received.high);
  }

  /** Start times, also of the record's fields; the answer is the partition day. `micros` is 0 without a time. */
  writeStart(words: { low: number; high: number }, micros: number): number {
    const { sink, attributes, record } = this;
    sink.setInt64Words(START_UNIX_NANO_COLUMN, words.low, words.high);
    sink.setInt64(START_TIME_COLUMN, micros);
    record.startMicros = micros;
    record.trustedMicros = trustedMicros(micros, this.receivedMicros);
    if (record.trustedMicros !== micros) attributes.flags |= FLAG.timeAbsurd;
    return Math.floor(record.trustedMicros / MICROS_PER_DAY);
  }

  /**
   * Fills columns from the attributes, prices the call, ends the attribute JSON and the row. The caller
   * has set `record.isError` and written the start.
   */
  finish(day: number, droppedByClient: number): void {
    const { attributes, fields, sink, record } = this;
    this.writeText(ERROR_TYPE_COLUMN, this.exceptionType);
    record.hasException = this.exceptionType.to > this.exceptionType.from;
    setRange(record.exceptionMessage, this.exceptionMessage);
    record.hasAnswerEvent = this.hasAnswerEvent;
    record.signs = attributes.signs | record.scope.signs | this.resource.signs;
    if (record.name.isSet) record.signs |= this.nameSigns.get(record.name);
    fields.write();
    if (record.signs !== 0) {
      attributes.flags |= this.accounting.account(sink, record) << USAGE_FLAG_SHIFT;
    } else if (record.signal !== "metric" && record.unread.isCallLike) writeUnread(sink);
    if (attributes.redactions > 0) {
      sink.setInt64(REDACTION_COUNT_COLUMN, attributes.redactions);
    }
    this.finishAttributes(droppedByClient);
    sink.commit(day);
  }

  private finishAttributes(droppedByClient: number): void {
    const { attributes, sink } = this;
    const json = sink.attributes;
    if (attributes.hasNonFinite) attributes.flags |= FLAG.nonFinite;
    if (attributes.hasTruncated) attributes.flags |= FLAG.truncated;
    this.requestFlags |= attributes.flags;
    const dropped = droppedByClient + attributes.droppedCount;
    if (dropped > 0) {
      openObject(json);
      json.key(DROPPED_KEY);
      json.number(dropped);
    }
    if (attributes.flags !== 0) {
      openObject(json);
      json.key(FLAGS_KEY);
      json.ascii(flagsToJson(attributes.flags));
    }
    if (json.isBegun) json.byte(CLOSE_OBJECT);
  }

  /** Starts a record: nothing of the one before is left. */
  beginRow(): void {
    this.ordinal += 1;
    this.attributes.begin();
    this.sink.abandonRow();
    this.hasAnswerEvent = false;
    clearRange(this.exceptionType);
    clearRange(this.exceptionMessage);
  }

  /** Ends a record that makes no row; its bytes still reach the write-ahead log. */
  discardRow(): void {
    this.attributes.blankHeld();
    this.sink.abandonRow();
  }

  /** The record's name. */
  writeName(range: { from: number; to: number }): void {
    this.writeText(SPAN_NAME_COLUMN, range);
  }

  /** Text of the message into a column; NULL when it is empty. */
  writeText(column: number, range: { from: number; to: number }): void {
    if (range.from === range.to) return;
    this.text.from = range.from;
    this.text.to = range.to;
    this.sink.setText(column, this.text);
    this.record.noteText(column, this.text);
  }

  /**
   * Remembers what an exception's attribute, just read, says. Its type fills `error_type` when no attribute does;
   * some producers have a class of their own for all of them, and the class that it was in the message.
   */
  noteException(name: string): void {
    const value = this.attributes.lastValue;
    if (value.kind !== VALUE_STRING) return;
    if (name === EXCEPTION_TYPE) setRange(this.exceptionType, value);
    else if (name === EXCEPTION_MESSAGE) setRange(this.exceptionMessage, value);
  }
}

/** Distinct reasons told to the client: more would bury the first. */
const REASONS_MAX = 8;

/** Counts a refused record and remembers why. */
export function rejectRecord(result: DecodeResult, reason: string, origin: RecordOrigin): void {
  result.rejected += 1;
  countOutcome(result.outcomes, origin, { outcome: "rejected", reason });
  if (result.reasons.size < REASONS_MAX) result.reasons.add(reason);
}

/** A result with nothing in it. */
export function emptyResult(): DecodeResult {
  return {
    accepted: 0,
    rejected: 0,
    reasons: new Set(),
    warnings: new Set(),
    ignored: 0,
    duplicates: 0,
    outcomes: [],
    skipped: [],
    isAltered: false,
  };
}
