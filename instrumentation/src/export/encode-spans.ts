import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { joined } from "../wire/joined-bytes.ts";

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
  // Messages of protobuf that follow each other merge: their repeated fields are appended.
  return parts.length === 0 ? undefined : { bytes: joined(parts), spanCount: parts.length };
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
