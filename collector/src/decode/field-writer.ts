import { SPAN_COLUMNS, columnIndex } from "@lensai/otel-config/span-row/columns";
import { VALUE_STRING } from "./any-value.ts";
import type { AnyValue } from "./any-value.ts";
import { isNested } from "./attribute-decoder.ts";
import type { AttributeDecoder, FieldTarget } from "./attribute-decoder.ts";
import { blankValue } from "./blank-value.ts";
import { toBoolean, toNumber } from "./coerce.ts";
import { FLAG } from "./record-flags.ts";
import { cutAtCharacter } from "./row-sink.ts";
import type { RowSink } from "./row-sink.ts";
import { ScratchJson } from "./scratch-json.ts";
import type { ColumnInterner, TextRange } from "./text-interner.ts";
import { writeJsonValue } from "./value-json.ts";
import type { CallFacts, CallText } from "../pipeline/accounting.ts";
import { clearRawUsage, createRawUsage } from "@lensai/otel-config/usage/usage";
import type { RawUsage } from "@lensai/otel-config/usage/usage";

const OPERATION_COLUMN = columnIndex("operation");
const PROVIDER_COLUMN = columnIndex("provider");
const REQUEST_MODEL_COLUMN = columnIndex("request_model");
const RESPONSE_MODEL_COLUMN = columnIndex("response_model");
const SERVICE_TIER_COLUMN = columnIndex("service_tier");

/** Longer message content is cut (and flagged): beyond it, it is a document, not a prompt. */
const CONTENT_BYTES_MAX = 4 * 1024 * 1024;
const NANOS_PER_SECOND = 1e9;
/** Longer than any call: larger values are mistakes. */
const SECONDS_MAX = 30 * 86_400;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const encoder = new TextEncoder();

/** A text of the current record in a dictionary column, or none. */
class RecordText implements CallText {
  view: DataView = new DataView(new ArrayBuffer(0));
  from = 0;
  to = 0;
  isSet = false;
  readonly interner: ColumnInterner;

  constructor(sink: RowSink, column: number) {
    this.interner = sink.internerOf(column);
  }
}

/** Moves the fields that a record's attributes filled into the columns of the open row. */
export class FieldWriter implements CallFacts {
  isSpan = false;
  isError = false;
  startMicros = 0;
  readonly usage: RawUsage = createRawUsage();
  readonly operation: RecordText;
  readonly provider: RecordText;
  readonly requestModel: RecordText;
  readonly responseModel: RecordText;
  readonly serviceTier: RecordText;
  private readonly attributes: AttributeDecoder;
  private readonly sink: RowSink;
  private readonly scratch = new ScratchJson();
  private readonly range: TextRange = { view: new DataView(new ArrayBuffer(0)), from: 0, to: 0 };
  private readonly recordTexts: readonly RecordText[];
  /** By column index; undefined for columns that accounting does not ask about. */
  private readonly recordTextOf: ReadonlyArray<RecordText | undefined>;

  constructor(attributes: AttributeDecoder, sink: RowSink) {
    this.attributes = attributes;
    this.sink = sink;
    this.operation = new RecordText(sink, OPERATION_COLUMN);
    this.provider = new RecordText(sink, PROVIDER_COLUMN);
    this.requestModel = new RecordText(sink, REQUEST_MODEL_COLUMN);
    this.responseModel = new RecordText(sink, RESPONSE_MODEL_COLUMN);
    this.serviceTier = new RecordText(sink, SERVICE_TIER_COLUMN);
    this.recordTexts = [
      this.operation,
      this.provider,
      this.requestModel,
      this.responseModel,
      this.serviceTier,
    ];
    const textOf: Array<RecordText | undefined> = SPAN_COLUMNS.map(() => undefined);
    textOf[OPERATION_COLUMN] = this.operation;
    textOf[PROVIDER_COLUMN] = this.provider;
    textOf[REQUEST_MODEL_COLUMN] = this.requestModel;
    textOf[RESPONSE_MODEL_COLUMN] = this.responseModel;
    textOf[SERVICE_TIER_COLUMN] = this.serviceTier;
    this.recordTextOf = textOf;
  }

  /** Writes every field the record's attributes filled. */
  write(): void {
    const { attributes } = this;
    clearRawUsage(this.usage);
    for (const text of this.recordTexts) text.isSet = false;
    for (let i = 0; i < attributes.touchedCount; i += 1) {
      const field = attributes.touched[i] as number;
      const target = attributes.targets[field] as FieldTarget;
      if (!this.writeField(target, attributes.valueOf(field))) {
        attributes.keepUnfit(field, this.sink.attributes);
      }
    }
  }

  /** False when the value's shape does not fit the field. */
  private writeField(target: FieldTarget, value: AnyValue): boolean {
    switch (target.kind) {
      case "text":
        return this.writeText(target.column, value);
      case "text_list":
        return this.writeTextList(target.column, value);
      case "boolean":
        return this.writeBoolean(target.column, value);
      case "seconds":
        return this.writeSeconds(target.column, value);
      case "tokens":
        return this.readTokens(target, value);
      case "content":
        this.writeContent(target.column, value);
        return true;
    }
  }

  private writeText(column: number, value: AnyValue): boolean {
    if (isNested(value)) return false;
    const text = value.kind === VALUE_STRING ? this.rangeOf(value) : this.scalarText(value);
    if (text === undefined || text.from === text.to) return text !== undefined;
    this.sink.setText(column, text);
    const recordText = this.recordTextOf[column];
    if (recordText !== undefined) {
      recordText.view = text.view;
      recordText.from = text.from;
      recordText.to = text.to;
      recordText.isSet = true;
    }
    return true;
  }

  private rangeOf(value: AnyValue): TextRange {
    this.range.view = this.attributes.reader.view;
    this.range.from = value.from;
    this.range.to = value.to;
    return this.range;
  }

  private scalarText(value: AnyValue): TextRange | undefined {
    const number = toNumber(value, this.attributes.reader.bytes);
    if (!Number.isFinite(number)) return undefined;
    const bytes = encoder.encode(String(number));
    return { view: new DataView(bytes.buffer), from: 0, to: bytes.length };
  }

  /** A list of strings as JSON; some senders put the JSON, or a single value, into a string. */
  private writeTextList(column: number, value: AnyValue): boolean {
    const { reader } = this.attributes;
    if (value.kind === VALUE_STRING && reader.bytes[value.from] === OPEN_ARRAY) {
      this.sink.setText(column, this.rangeOf(value));
      return true;
    }
    this.scratch.clear();
    const { writer } = this.scratch;
    writer.begin();
    if (isNested(value)) writeJsonValue(this.attributes, writer, value);
    else {
      writer.byte(OPEN_ARRAY);
      writeJsonValue(this.attributes, writer, value);
      writer.byte(CLOSE_ARRAY);
    }
    const text = this.scratch.finish();
    if (text !== undefined) this.sink.setText(column, text);
    return true;
  }

  private writeBoolean(column: number, value: AnyValue): boolean {
    const flag = toBoolean(value, this.attributes.reader.bytes);
    if (flag === undefined) return false;
    this.sink.setBool(column, flag);
    return true;
  }

  private writeSeconds(column: number, value: AnyValue): boolean {
    const seconds = toNumber(value, this.attributes.reader.bytes);
    if (!(seconds >= 0 && seconds <= SECONDS_MAX)) return false;
    this.sink.setInt64(column, Math.round(seconds * NANOS_PER_SECOND));
    return true;
  }

  private readTokens(target: FieldTarget, value: AnyValue): boolean {
    const count = toNumber(value, this.attributes.reader.bytes);
    if (!Number.isSafeInteger(count) || count < 0 || target.usage === undefined) {
      this.attributes.flags |= FLAG.usageInvalid;
      return false;
    }
    this.usage[target.usage] = count;
    return true;
  }

  private writeContent(column: number, value: AnyValue): void {
    const { attributes, sink } = this;
    if (!attributes.keepsContent) {
      blankValue(attributes, value);
      return;
    }
    if (value.kind === VALUE_STRING) {
      const text = this.rangeOf(value);
      if (text.to - text.from > CONTENT_BYTES_MAX) {
        attributes.flags |= FLAG.truncated;
        text.to = cutAtCharacter(text, CONTENT_BYTES_MAX);
      }
      sink.setText(column, text);
      return;
    }
    const json = sink.jsonOf(column);
    json.begin();
    writeJsonValue(attributes, json, value);
    json.end(sink.row);
  }
}
