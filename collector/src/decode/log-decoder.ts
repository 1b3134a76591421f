import { columnIndex } from "@lensai/otel-config/span-row/columns";
import { AnyValue, VALUE_EMPTY, VALUE_STRING } from "./any-value.ts";
import { blankValue } from "./blank-value.ts";
import { forEachRecord } from "./envelope.ts";
import {
  clearRange,
  emptyRange,
  readSpanId,
  readTraceId,
  readText,
  readTime,
} from "./field-reader.ts";
import { overwriteValue, skipMasked } from "./message-masking.ts";
import { malformed, wrongWireType } from "./otlp-reader.ts";
import type { OtlpReader } from "./otlp-reader.ts";
import { readAnyValue } from "./read-value.ts";
import type { DecodeResult, RecordDecoder } from "./record-decoder.ts";
import { SPAN_ID_BYTES, TRACE_ID_BYTES, isValidId } from "./span-ids.ts";
import { wordsToMicros } from "./unix-nano.ts";
import { writeJsonValue } from "./value-json.ts";

const SPAN_ID_COLUMN = columnIndex("span_id");
const TRACE_ID_COLUMN = columnIndex("trace_id");

/** opentelemetry.proto.logs.v1.LogRecord into rows; the record itself is the one item of `events`. */

const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const encoder = new TextEncoder();
const KEY = {
  severityNumber: encoder.encode('"severity_number":'),
  severityText: encoder.encode('"severity_text":'),
  body: encoder.encode('"body":'),
} as const;
/** Where senders put the event name before LogRecord.event_name existed, in order of precedence. */
const EVENT_NAME_KEYS: readonly string[] = ["event.name", "event_name"];

class LogScratch {
  readonly trace = emptyRange();
  readonly span = emptyRange();
  readonly severityText = emptyRange();
  readonly eventName = emptyRange();
  eventNameRank = Number.POSITIVE_INFINITY;
  readonly time = { low: 0, high: 0 };
  readonly observed = { low: 0, high: 0 };
  severity = 0;
  dropped = 0;
  readonly body = new AnyValue();

  clear(): void {
    clearRange(this.trace);
    clearRange(this.span);
    clearRange(this.severityText);
    clearRange(this.eventName);
    this.eventNameRank = Number.POSITIVE_INFINITY;
    this.time.low = this.time.high = this.observed.low = this.observed.high = 0;
    this.severity = 0;
    this.dropped = 0;
    this.body.kind = VALUE_EMPTY;
  }
}

export class LogDecoder {
  private readonly records: RecordDecoder;
  private readonly reader: OtlpReader;
  private readonly log = new LogScratch();

  constructor(records: RecordDecoder) {
    this.records = records;
    this.reader = records.attributes.reader;
  }

  /** Decodes an ExportLogsServiceRequest; the request has been opened. */
  decode(result: DecodeResult): void {
    forEachRecord(this.records, (end) => {
      this.records.beginRow();
      this.readLog(end);
      this.writeRow();
      result.accepted += 1;
    });
  }

  // oxlint-disable-next-line complexity -- one case per field of the message
  private readLog(end: number): void {
    const { reader, log, records } = this;
    log.clear();
    while (reader.at < end) {
      const tag = reader.varint();
      switch (tag) {
        case 0x09:
          readTime(reader, log.time);
          break;
        case 0x10:
          log.severity = reader.varint();
          break;
        case 0x1a:
          readText(records.attributes, log.severityText, end);
          break;
        case 0x2a:
          overwriteValue(records.attributes, log.body);
          readAnyValue(records.attributes, reader.lengthEnd(end), log.body);
          break;
        case 0x32:
          this.readAttribute(reader.lengthEnd(end));
          break;
        case 0x38:
          log.dropped = reader.varint();
          break;
        case 0x45:
          reader.at += 4;
          break;
        case 0x4a:
          readTraceId(records.attributes, log.trace, end);
          break;
        case 0x52:
          readSpanId(records.attributes, log.span, end);
          break;
        case 0x59:
          readTime(reader, log.observed);
          break;
        case 0x62:
          this.readEventName(end);
          break;
        default:
          if (tag < 0x68) throw wrongWireType(reader.at, "LogRecord", tag);
          skipMasked(records.attributes, tag, end);
      }
    }
    if (reader.at !== end) throw malformed(reader.at, "a log record runs past its end");
  }

  private readEventName(end: number): void {
    const { log, records } = this;
    readText(records.attributes, log.eventName, end);
    log.eventNameRank = log.eventName.to > log.eventName.from ? -1 : Number.POSITIVE_INFINITY;
  }

  private readAttribute(end: number): void {
    const { log, records } = this;
    const key = records.attributes.readAttribute(end, records.sink.attributes);
    const rank = EVENT_NAME_KEYS.indexOf(key.name);
    const value = records.attributes.lastValue;
    if (rank < 0 || rank >= log.eventNameRank || value.kind !== VALUE_STRING) return;
    log.eventName.from = value.from;
    log.eventName.to = value.to;
    log.eventNameRank = rank;
  }

  private writeRow(): void {
    const { records, reader, log } = this;
    const { sink } = records;
    records.writeOrigin("log");
    if (isValidId(reader.bytes, log.trace, TRACE_ID_BYTES)) {
      sink.setHex(TRACE_ID_COLUMN, reader.bytes, log.trace);
    }
    if (isValidId(reader.bytes, log.span, SPAN_ID_BYTES)) {
      sink.setHex(SPAN_ID_COLUMN, reader.bytes, log.span);
    }
    records.writeName(log.eventName);
    this.writeEvent();
    const hasTime = log.time.low !== 0 || log.time.high !== 0;
    const time = hasTime ? log.time : log.observed;
    const day = records.writeStart(time, wordsToMicros(time.low, time.high));
    sink.endLists();
    records.finish(day, log.dropped);
  }

  private writeEvent(): void {
    const { records, reader, log } = this;
    const json = records.sink.events;
    json.begin();
    json.byte(OPEN_ARRAY);
    json.byte(OPEN_OBJECT);
    if (log.severity > 0) {
      json.key(KEY.severityNumber);
      json.number(log.severity);
    }
    if (log.severityText.to > log.severityText.from) {
      json.key(KEY.severityText);
      json.string(reader.view, log.severityText.from, log.severityText.to);
    }
    if (!records.attributes.keepsContent) blankValue(records.attributes, log.body);
    else if (log.body.kind !== VALUE_EMPTY) {
      json.key(KEY.body);
      writeJsonValue(records.attributes, json, log.body);
    }
    json.byte(CLOSE_OBJECT);
  }
}
