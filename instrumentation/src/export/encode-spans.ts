import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

export interface EncodedSpans {
  /** ExportTraceServiceRequest as protobuf; several, one after the other, are one request again. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly spanCount: number;
}

/** Undefined when none of the spans can be encoded. One that cannot takes no other with it. */
export function encodeSpans(spans: readonly ReadableSpan[]): EncodedSpans | undefined {
  const whole = encoded(spans);
  if (whole !== undefined) return { bytes: whole, spanCount: spans.length };
  const parts = spans.map((span) => encoded([span])).filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : { bytes: joined(parts), spanCount: parts.length };
}

/** Messages of protobuf that follow each other merge: their repeated fields are appended. */
export function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function encoded(spans: readonly ReadableSpan[]): Uint8Array<ArrayBuffer> | undefined {
  try {
    return ProtobufTraceSerializer.serializeRequest([...spans]) as
      | Uint8Array<ArrayBuffer>
      | undefined;
  } catch {
    return undefined;
  }
}
