import { maskText } from "./message-masking.ts";
import type { MessageMasking } from "./message-masking.ts";
import type { OtlpReader } from "./otlp-reader.ts";
import { SPAN_ID_BYTES, TRACE_ID_BYTES } from "./span-ids.ts";

/** The fields that spans, events, links, log records and metrics have alike, read into scratch that is reused. */

/** A range of the message; empty when the field was not there. */
export interface Range {
  from: number;
  to: number;
}

export function emptyRange(): Range {
  return { from: 0, to: 0 };
}

export function clearRange(range: Range): void {
  range.from = 0;
  range.to = 0;
}

export function setRange(range: Range, { from, to }: Readonly<Range>): void {
  range.from = from;
  range.to = to;
}

/** A length-delimited field as it is. */
export function readRange(reader: OtlpReader, range: Range, end: number): void {
  range.to = reader.lengthEnd(end);
  range.from = reader.at;
  reader.at = range.to;
}

/** A text, masked. */
export function readText(masking: MessageMasking, range: Range, end: number): void {
  readRange(masking.reader, range, end);
  maskText(masking, range.from, range.to);
}

/** A trace id. Anything of another length is none: whatever it is, it is masked like text. */
export function readTraceId(masking: MessageMasking, range: Range, end: number): void {
  readRange(masking.reader, range, end);
  if (range.to - range.from !== TRACE_ID_BYTES) maskText(masking, range.from, range.to);
}

/** The same for a span id. */
export function readSpanId(masking: MessageMasking, range: Range, end: number): void {
  readRange(masking.reader, range, end);
  if (range.to - range.from !== SPAN_ID_BYTES) maskText(masking, range.from, range.to);
}

/** A 64-bit time as two words. */
export function readTime(reader: OtlpReader, into: { low: number; high: number }): void {
  reader.fixed64();
  into.low = reader.low;
  into.high = reader.high;
}
