import { BREAK_OFF_MESSAGE_MAX } from "@lensai/otel-config/billing/break-off";
import { columnIndex } from "@lensai/otel-config/span-row/columns";
import { openObject } from "./attribute-decoder.ts";
import { forEachRecord } from "./envelope.ts";
import {
  clearRange,
  emptyRange,
  readSpanId,
  readTraceId,
  readText,
  readTime,
} from "./field-reader.ts";
import type { Range } from "./field-reader.ts";
import { overwriteRange, skipMasked } from "./message-masking.ts";
import { malformed, wrongWireType } from "./otlp-reader.ts";
import type { OtlpReader } from "./otlp-reader.ts";
import type { DecodeResult, RecordDecoder } from "./record-decoder.ts";
import { rejectRecord } from "./record-decoder.ts";
import { countOutcome } from "./record-outcomes.ts";
import { FLAG } from "./record-flags.ts";
import { ConstantText } from "./row-sink.ts";
import { SpanListDecoder } from "./span-lists.ts";
import { idProblem } from "./span-ids.ts";
import { wordsDifference, wordsToMicros } from "./unix-nano.ts";

const DURATION_NS_COLUMN = columnIndex("duration_ns");
const PARENT_SPAN_ID_COLUMN = columnIndex("parent_span_id");
const SPAN_ID_COLUMN = columnIndex("span_id");
const STATUS_MESSAGE_COLUMN = columnIndex("status_message");
const TRACE_ID_COLUMN = columnIndex("trace_id");

/** opentelemetry.proto.trace.v1.Span into rows, in one pass over the bytes. */

const encoder = new TextEncoder();
const TRACE_STATE_KEY = encoder.encode('"otel.trace_state":');

/** SpanKind 0 (unspecified) may be read as internal. */
const KINDS = ["internal", "internal", "server", "client", "producer", "consumer"].map(
  (kind) => new ConstantText("span_kind", kind),
);
const STATUSES = ["unset", "ok", "error"].map((status) => new ConstantText("status", status));
const STATUS_ERROR = 2;

/** Where the ids of a valid span lie in the request; reused. */
export interface SpanPlace {
  bytes: Uint8Array;
  traceAt: number;
  spanAt: number;
  ordinal: number;
  /** End of the span, nanoseconds in two words; its start when it has none. */
  end: { low: number; high: number };
}

/** Says whether a span is new; false for one that has landed or is about to. */
export interface SpanFilter {
  /** `ordinal` counts all spans of the request, from 0. */
  isNew(span: SpanPlace): boolean;
}

/** The fields of one span that are neither attributes nor lists; reused. */
class SpanScratch {
  readonly trace = emptyRange();
  readonly id = emptyRange();
  readonly parent = emptyRange();
  readonly name = emptyRange();
  readonly message = emptyRange();
  readonly state = emptyRange();
  readonly start = { low: 0, high: 0 };
  readonly end = { low: 0, high: 0 };
  kind = 0;
  status = 0;
  dropped = 0;

  clear(): void {
    clearRange(this.trace);
    clearRange(this.id);
    clearRange(this.parent);
    clearRange(this.name);
    clearRange(this.message);
    clearRange(this.state);
    this.start.low = 0;
    this.start.high = 0;
    this.end.low = 0;
    this.end.high = 0;
    this.kind = 0;
    this.status = 0;
    this.dropped = 0;
  }
}

export class TraceDecoder {
  private readonly records: RecordDecoder;
  private readonly reader: OtlpReader;
  private readonly lists: SpanListDecoder;
  private readonly span = new SpanScratch();
  private readonly place: SpanPlace = {
    bytes: new Uint8Array(0),
    traceAt: 0,
    spanAt: 0,
    ordinal: 0,
    end: { low: 0, high: 0 },
  };

  constructor(records: RecordDecoder) {
    this.records = records;
    this.reader = records.attributes.reader;
    this.lists = new SpanListDecoder(records);
  }

  /** Decodes an ExportTraceServiceRequest; the request has been opened. */
  decode(result: DecodeResult, filter: SpanFilter): void {
    let ordinal = 0;
    this.place.bytes = this.reader.bytes;
    forEachRecord(this.records, (end) => {
      this.records.beginRow();
      this.readSpan(end);
      this.settle(result, filter, ordinal);
      ordinal += 1;
    });
  }

  /** Keeps or refuses the span just read. */
  private settle(result: DecodeResult, filter: SpanFilter, ordinal: number): void {
    const { records, reader, span } = this;
    const problem = idProblem(reader.bytes, span.trace, span.id);
    if (problem !== undefined) {
      records.discardRow();
      rejectRecord(result, problem, records.resource.origin());
    } else if (records.attributes.isPending) {
      records.discardRow();
      result.accepted += 1;
      result.ignored += 1;
    } else if (filter.isNew(this.placeOf(ordinal))) {
      this.writeRow();
      result.accepted += 1;
    } else {
      records.discardRow();
      result.duplicates += 1;
      const duplicate = { outcome: "duplicate", reason: undefined } as const;
      countOutcome(result.outcomes, records.resource.origin(), duplicate);
      result.skipped.push(ordinal);
    }
  }

  private placeOf(ordinal: number): SpanPlace {
    const { place, span } = this;
    place.traceAt = span.trace.from;
    place.spanAt = span.id.from;
    place.ordinal = ordinal;
    place.end = span.end.low === 0 && span.end.high === 0 ? span.start : span.end;
    return place;
  }

  // oxlint-disable-next-line complexity -- one case per field of the message
  private readSpan(end: number): void {
    const { reader, span } = this;
    const { attributes, sink } = this.records;
    span.clear();
    this.lists.begin();
    while (reader.at < end) {
      const tag = reader.varint();
      switch (tag) {
        case 0x4a:
          attributes.readAttribute(reader.lengthEnd(end), sink.attributes);
          break;
        case 0x0a:
          readTraceId(attributes, span.trace, end);
          break;
        case 0x12:
          readSpanId(attributes, span.id, end);
          break;
        case 0x22:
          readSpanId(attributes, span.parent, end);
          break;
        case 0x2a:
          readText(attributes, span.name, end);
          break;
        case 0x30:
          span.kind = reader.varint();
          break;
        case 0x39:
          readTime(reader, span.start);
          break;
        case 0x41:
          readTime(reader, span.end);
          break;
        case 0x7a:
          this.readStatus(reader.lengthEnd(end));
          break;
        default:
          this.readRareField(tag, end);
      }
    }
    if (reader.at !== end) throw malformed(reader.at, "a span runs past its end");
  }

  private readRareField(tag: number, end: number): void {
    const { reader, span } = this;
    switch (tag) {
      case 0x1a:
        readText(this.records.attributes, span.state, end);
        return;
      case 0x50:
        span.dropped = reader.varint();
        return;
      case 0x5a:
        this.lists.readEvent(reader.lengthEnd(end));
        return;
      case 0x6a:
        this.lists.readLink(reader.lengthEnd(end));
        return;
      case 0x60:
      case 0x70:
        reader.varint();
        return;
      default:
        // Field 16 (flags, fixed32) is not stored; a known field that gets here has the wrong type.
        if (tag < 0x80) throw wrongWireType(reader.at, "Span", tag);
        skipMasked(this.records.attributes, tag, end);
    }
  }

  private readStatus(end: number): void {
    const { reader, span } = this;
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag === 0x12) this.readStatusMessage(end);
      else if (tag === 0x18) span.status = reader.varint();
      else {
        if (tag >= 0x10 && tag < 0x20) throw wrongWireType(reader.at, "Status", tag);
        skipMasked(this.records.attributes, tag, end);
      }
    }
    if (reader.at !== end) throw malformed(reader.at, "a status runs past its end");
  }

  /**
   * Where no content is kept, what an error says at length is gone: it quotes what was asked or answered. A short
   * message stays, because it tells a call that broke off, and was charged for, from one that was refused.
   */
  private readStatusMessage(end: number): void {
    const { attributes } = this.records;
    const { message } = this.span;
    readText(attributes, message, end);
    if (attributes.keepsContent || message.to - message.from <= BREAK_OFF_MESSAGE_MAX) return;
    overwriteRange(attributes, message.from, message.to);
    clearRange(message);
  }

  private writeRow(): void {
    const { records, reader, span } = this;
    const { sink, record } = records;
    records.writeOrigin("span");
    sink.setHex(TRACE_ID_COLUMN, reader.bytes, span.trace);
    sink.setHex(SPAN_ID_COLUMN, reader.bytes, span.id);
    if (!isAbsent(reader.bytes, span.parent)) {
      sink.setHex(PARENT_SPAN_ID_COLUMN, reader.bytes, span.parent);
    }
    records.writeName(span.name);
    sink.setConstant((KINDS[span.kind] ?? KINDS[0]) as ConstantText);
    sink.setConstant((STATUSES[span.status] ?? STATUSES[0]) as ConstantText);
    records.writeText(STATUS_MESSAGE_COLUMN, span.message);
    record.isError = span.status === STATUS_ERROR;
    const day = records.writeStart(span.start, wordsToMicros(span.start.low, span.start.high));
    this.writeDuration();
    this.writeTraceState();
    sink.endLists();
    records.finish(day, span.dropped);
  }

  private writeDuration(): void {
    const { records, span } = this;
    if (span.end.low === 0 && span.end.high === 0) return;
    const durationNanos = wordsDifference(span.end, span.start);
    if (durationNanos < 0) records.attributes.flags |= FLAG.endBeforeStart;
    records.sink.setInt64(DURATION_NS_COLUMN, Math.max(0, durationNanos));
  }

  private writeTraceState(): void {
    const { records, reader, span } = this;
    if (span.state.from === span.state.to) return;
    const json = records.sink.attributes;
    openObject(json);
    json.key(TRACE_STATE_KEY);
    json.string(reader.view, span.state.from, span.state.to);
  }
}

/** A parent id that is empty or all zeros means a root. */
function isAbsent(bytes: Uint8Array, range: Range): boolean {
  for (let i = range.from; i < range.to; i += 1) if (bytes[i] !== 0) return false;
  return true;
}
