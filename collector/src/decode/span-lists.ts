import { ANSWER_EVENTS } from "@lensai/otel-config/dialects/answer-events";
import {
  clearRange,
  emptyRange,
  readSpanId,
  readTraceId,
  readText,
  readTime,
} from "./field-reader.ts";
import type { Range } from "./field-reader.ts";
import type { JsonWriter } from "./json-writer.ts";
import { maskText, overwriteRange, skipMasked } from "./message-masking.ts";
import type { OtlpReader } from "./otlp-reader.ts";
import { malformed, wrongWireType } from "./otlp-reader.ts";
import type { RecordDecoder } from "./record-decoder.ts";
import { FLAG } from "./record-flags.ts";

/** Span events and links as JSON arrays. */

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
/** Events and links beyond this are cut and flagged; OTel SDKs stop at 128. */
const ITEMS_PER_SPAN_MAX = 1024;

const encoder = new TextEncoder();
const KEY = {
  name: encoder.encode('"name":'),
  time: encoder.encode('"time_unix_nano":'),
  attributes: encoder.encode('"attributes":'),
  dropped: encoder.encode('"dropped_attributes_count":'),
  traceId: encoder.encode('"trace_id":'),
  spanId: encoder.encode('"span_id":'),
  traceState: encoder.encode('"trace_state":'),
} as const;
const EXCEPTION = encoder.encode("exception");
const ANSWERS = ANSWER_EVENTS.map((name) => encoder.encode(name));

/** The scalar fields of one event or link; ranges point into the message. */
class ItemScratch {
  /** Name of an event, trace state of a link. */
  readonly text = emptyRange();
  readonly trace = emptyRange();
  readonly span = emptyRange();
  readonly time = { low: 0, high: 0 };
  dropped = 0;
  attributeCount = 0;

  clear(): void {
    clearRange(this.text);
    clearRange(this.trace);
    clearRange(this.span);
    this.time.low = this.time.high = this.dropped = this.attributeCount = 0;
  }
}

export class SpanListDecoder {
  private readonly records: RecordDecoder;
  private readonly reader: OtlpReader;
  private readonly item = new ItemScratch();
  private eventCount = 0;
  private linkCount = 0;

  constructor(records: RecordDecoder) {
    this.records = records;
    this.reader = records.attributes.reader;
  }

  /** A new span begins. */
  begin(): void {
    this.eventCount = 0;
    this.linkCount = 0;
  }

  /** Span.Event: 1 time, 2 name, 3 attributes, 4 dropped. */
  readEvent(end: number): void {
    const { reader, item, records } = this;
    const from = reader.at;
    this.eventCount += 1;
    if (this.isBeyond(this.eventCount, end)) return;
    this.readEventFields(end);
    const json = records.sink.events;
    beginItem(json);
    json.key(KEY.time);
    json.ascii(`"${nanosText(item.time.low, item.time.high)}"`);
    json.key(KEY.name);
    json.string(reader.view, item.text.from, item.text.to);
    const isException = isText(reader.bytes, item.text, EXCEPTION);
    if (ANSWERS.some((name) => startsWith(reader.bytes, item.text, name))) {
      records.hasAnswerEvent = true;
    }
    this.writeAttributes(json, { from, end, tag: 0x1a, isException });
  }

  private readEventFields(end: number): void {
    const { reader, item, records } = this;
    item.clear();
    while (reader.at < end) {
      const tag = reader.varint();
      switch (tag) {
        case 0x09:
          readTime(reader, item.time);
          break;
        case 0x12:
          readText(records.attributes, item.text, end);
          break;
        case 0x1a:
          item.attributeCount += 1;
          reader.at = reader.lengthEnd(end);
          break;
        case 0x20:
          item.dropped = reader.varint();
          break;
        default:
          if (tag < 0x28) throw wrongWireType(reader.at, "Span.Event", tag);
          skipMasked(records.attributes, tag, end);
      }
    }
    if (reader.at !== end) throw malformed(reader.at, "an event runs past its end");
  }

  /** Span.Link: 1 trace_id, 2 span_id, 3 trace_state, 4 attributes, 5 dropped, 6 flags. */
  readLink(end: number): void {
    const { reader, item, records } = this;
    const from = reader.at;
    this.linkCount += 1;
    if (this.isBeyond(this.linkCount, end)) return;
    this.readLinkFields(end);
    const json = records.sink.links;
    beginItem(json);
    json.key(KEY.traceId);
    json.hex(reader.bytes, item.trace.from, item.trace.to);
    json.key(KEY.spanId);
    json.hex(reader.bytes, item.span.from, item.span.to);
    if (item.text.to > item.text.from) {
      json.key(KEY.traceState);
      json.string(reader.view, item.text.from, item.text.to);
    }
    this.writeAttributes(json, { from, end, tag: 0x22, isException: false });
  }

  private readLinkFields(end: number): void {
    const { reader, item, records } = this;
    item.clear();
    while (reader.at < end) {
      const tag = reader.varint();
      switch (tag) {
        case 0x0a:
          readTraceId(records.attributes, item.trace, end);
          break;
        case 0x12:
          readSpanId(records.attributes, item.span, end);
          break;
        case 0x1a:
          readText(records.attributes, item.text, end);
          break;
        case 0x22:
          item.attributeCount += 1;
          reader.at = reader.lengthEnd(end);
          break;
        case 0x28:
          item.dropped = reader.varint();
          break;
        case 0x35:
          reader.at += 4;
          break;
        default:
          if (tag < 0x38) throw wrongWireType(reader.at, "Span.Link", tag);
          skipMasked(records.attributes, tag, end);
      }
    }
    if (reader.at !== end) throw malformed(reader.at, "a link runs past its end");
  }

  private isBeyond(count: number, end: number): boolean {
    if (count <= ITEMS_PER_SPAN_MAX) return false;
    const { reader, records } = this;
    records.attributes.flags |= FLAG.truncated;
    // Not kept, yet its bytes go to the write-ahead log: masked as one text, or gone. Replay skips it again.
    if (records.attributes.keepsContent) maskText(records.attributes, reader.at, end);
    else overwriteRange(records.attributes, reader.at, end);
    reader.at = end;
    return true;
  }

  /** Second pass over the item: its attributes, wherever they stood among the other fields. */
  private writeAttributes(
    json: JsonWriter,
    list: { from: number; end: number; tag: number; isException: boolean },
  ): void {
    const { reader, item, records } = this;
    if (item.attributeCount > 0) {
      json.key(KEY.attributes);
      json.byte(OPEN_OBJECT);
      json.beginMembers();
      reader.at = list.from;
      while (reader.at < list.end) {
        const tag = reader.varint();
        if (tag !== list.tag) {
          reader.skip(tag, list.end);
          continue;
        }
        const key = records.attributes.readMember(reader.lengthEnd(list.end), json);
        if (list.isException) records.noteException(key.name);
      }
      json.byte(CLOSE_OBJECT);
    }
    if (item.dropped > 0) {
      json.key(KEY.dropped);
      json.number(item.dropped);
    }
    json.byte(CLOSE_OBJECT);
  }
}

function beginItem(json: JsonWriter): void {
  if (json.isBegun) json.comma();
  else {
    json.begin();
    json.byte(OPEN_ARRAY);
  }
  json.byte(OPEN_OBJECT);
}

/** A 64-bit time as decimal text: JSON numbers would lose its last digits. */
export function nanosText(low: number, high: number): string {
  return ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)).toString();
}

function isText(bytes: Uint8Array, { from, to }: Range, text: Uint8Array): boolean {
  return to - from === text.length && startsWith(bytes, { from, to }, text);
}

function startsWith(bytes: Uint8Array, { from, to }: Range, text: Uint8Array): boolean {
  if (to - from < text.length) return false;
  return text.every((value, index) => bytes[from + index] === value);
}
