import { columnIndex } from "@lensai/otel-config/span-row/columns";
import {
  AnyValue,
  VALUE_EMPTY,
  VALUE_STRING,
  blankValue,
  maskText,
  overwriteValue,
  readAnyValue,
  skipMasked,
  writeJsonValue,
} from "./any-value.ts";
import { forEachRecord } from "./envelope.ts";
import { malformed, wrongWireType } from "./otlp-reader.ts";
import type { OtlpReader } from "./otlp-reader.ts";
import type { DecodeResult, RecordDecoder } from "./record-decoder.ts";
import { SPAN_ID_BYTES, TRACE_ID_BYTES, isValidId } from "./span-ids.ts";
import { wordsToMicros } from "./unix-nano.ts";

const SPAN_ID_COLUMN = columnIndex("span_id");
const SPAN_NAME_COLUMN = columnIndex("span_name");
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

interface Range {
  from: number;
  to: number;
}

class LogScratch {
  readonly trace: Range = { from: 0, to: 0 };
  readonly span: Range = { from: 0, to: 0 };
  readonly severityText: Range = { from: 0, to: 0 };
  readonly eventName: Range = { from: 0, to: 0 };
  eventNameRank = Number.POSITIVE_INFINITY;
  readonly time = { low: 0, high: 0 };
  readonly observed = { low: 0, high: 0 };
  severity = 0;
  dropped = 0;
  readonly body = new AnyValue();

  clear(): void {
    for (const range of [this.trace, this.span, this.severityText, this.eventName]) {
      range.from = 0;
      range.to = 0;
    }
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
          this.readTime(log.time);
          break;
        case 0x10:
          log.severity = reader.varint();
          break;
        case 0x1a:
          this.readRange(log.severityText, end);
          maskText(records.attributes, log.severityText.from, log.severityText.to);
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
          this.readId(log.trace, end, TRACE_ID_BYTES);
          break;
        case 0x52:
          this.readId(log.span, end, SPAN_ID_BYTES);
          break;
        case 0x59:
          this.readTime(log.observed);
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

  /** An id of another length is none: whatever it is, it is masked like text. */
  private readId(range: Range, end: number, length: number): void {
    this.readRange(range, end);
    const isId = range.to - range.from === length;
    if (!isId) maskText(this.records.attributes, range.from, range.to);
  }

  private readRange(range: Range, end: number): void {
    range.to = this.reader.lengthEnd(end);
    range.from = this.reader.at;
    this.reader.at = range.to;
  }

  private readTime(into: { low: number; high: number }): void {
    this.reader.fixed64();
    into.low = this.reader.low;
    into.high = this.reader.high;
  }

  private readEventName(end: number): void {
    const { log, records } = this;
    this.readRange(log.eventName, end);
    maskText(records.attributes, log.eventName.from, log.eventName.to);
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
    const { sink, fields } = records;
    records.writeOrigin("log");
    if (isValidId(reader.bytes, log.trace, TRACE_ID_BYTES)) {
      sink.setHex(TRACE_ID_COLUMN, reader.bytes, log.trace);
    }
    if (isValidId(reader.bytes, log.span, SPAN_ID_BYTES)) {
      sink.setHex(SPAN_ID_COLUMN, reader.bytes, log.span);
    }
    records.writeText(SPAN_NAME_COLUMN, log.eventName);
    this.writeEvent();
    const hasTime = log.time.low !== 0 || log.time.high !== 0;
    const time = hasTime ? log.time : log.observed;
    fields.isSpan = false;
    fields.isError = false;
    fields.startMicros = wordsToMicros(time.low, time.high);
    const day = records.writeStart(time, fields.startMicros);
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
