import type protobuf from "protobufjs";
import type { LensError } from "@lensai/otel-config/errors";
import { ERROR_MESSAGE_BYTES_MAX } from "./limits.ts";
import { otlpStatusOf, retryAfterSecondsOf } from "./otlp-status.ts";
import { otlpRoot } from "./proto/otlp.ts";
import type { IngestResult, Signal } from "../pipeline/ingest.ts";

export type ResponseEncoding = "protobuf" | "json";

const RESPONSES: Readonly<Record<Signal, { type: string; rejected: string }>> = {
  traces: { type: "ExportTraceServiceResponse", rejected: "rejectedSpans" },
  logs: { type: "ExportLogsServiceResponse", rejected: "rejectedLogRecords" },
  metrics: { type: "ExportMetricsServiceResponse", rejected: "rejectedDataPoints" },
};

const FULL_SUCCESS: Readonly<Record<ResponseEncoding, Buffer>> = {
  protobuf: Buffer.alloc(0),
  json: Buffer.from("{}"),
};

/**
 * The body of a 200: an empty message, or partial_success when records were rejected or there is
 * something to tell. Over gRPC it is the protobuf form.
 */
export function successBody(
  signal: Signal,
  result: IngestResult,
  encoding: ResponseEncoding,
): Buffer {
  if (result.rejected === 0 && result.message === undefined) return FULL_SUCCESS[encoding];
  const { type, rejected } = RESPONSES[signal];
  const partialSuccess = {
    ...(result.rejected > 0 && { [rejected]: String(result.rejected) }),
    errorMessage: shorten(result.message ?? "rejected without a reason"),
  };
  if (encoding === "json") return Buffer.from(JSON.stringify({ partialSuccess }));
  return encode(otlpRoot().lookupType(type), { partialSuccess });
}

/** The google.rpc.Status of a failure; also the content of grpc-status-details-bin. */
export function statusBody(error: LensError, encoding: ResponseEncoding): Buffer {
  const code = otlpStatusOf(error.code).grpc;
  const message = shorten(error.message);
  const details = statusDetails(error, message);
  if (encoding === "json") {
    const typed = details.map(({ type, value }) => ({ "@type": typeUrl(type), ...value }));
    return Buffer.from(JSON.stringify({ code, message, details: typed }));
  }
  const root = otlpRoot();
  const packed = details.map(({ type, value, wire }) => ({
    typeUrl: typeUrl(type),
    value: encode(root.lookupType(`google.rpc.${type}`), wire ?? value),
  }));
  return encode(root.lookupType("google.rpc.Status"), { code, message, details: packed });
}

interface StatusDetail {
  readonly type: "ErrorInfo" | "RetryInfo" | "BadRequest";
  /** As proto3 JSON writes it. */
  readonly value: Readonly<Record<string, unknown>>;
  /** As the descriptor names it, where that differs. */
  readonly wire?: Record<string, unknown>;
}

/** ErrorInfo carries our error code: what programs may branch on and what the error page is found by. */
function statusDetails(error: LensError, message: string): StatusDetail[] {
  const details: StatusDetail[] = [
    { type: "ErrorInfo", value: { reason: error.code, domain: "lensai" } },
  ];
  const retryAfterSeconds = retryAfterSecondsOf(error);
  if (retryAfterSeconds !== undefined) {
    details.push({
      type: "RetryInfo",
      value: { retryDelay: `${retryAfterSeconds}s` },
      wire: { retryDelay: { seconds: retryAfterSeconds } },
    });
  }
  if (otlpStatusOf(error.code).http === 400) {
    details.push({ type: "BadRequest", value: { fieldViolations: [{ description: message }] } });
  }
  return details;
}

const typeUrl = (type: string): string => `type.googleapis.com/google.rpc.${type}`;

function encode(type: protobuf.Type, message: Record<string, unknown>): Buffer {
  return Buffer.from(type.encode(type.fromObject(message)).finish());
}

/** Cuts a message to ERROR_MESSAGE_BYTES_MAX bytes of UTF-8, never inside a character. */
export function shorten(message: string): string {
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (message.length * 3 <= ERROR_MESSAGE_BYTES_MAX) return message;
  const bytes = Buffer.from(message);
  if (bytes.length <= ERROR_MESSAGE_BYTES_MAX) return message;
  let end = ERROR_MESSAGE_BYTES_MAX - CUT_MARK.length;
  while (((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end) + CUT_MARK;
}

const CUT_MARK = " [shortened]";
