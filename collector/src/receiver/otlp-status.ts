import { LensError } from "@lensai/otel-config/errors";
import type { ErrorCode } from "@lensai/otel-config/errors";
import { RETRY_AFTER_SECONDS_MAX, RETRY_AFTER_SECONDS_MIN } from "./limits.ts";

/** Codes of google.rpc.Code that OTLP uses. */
export const GRPC = {
  ok: 0,
  cancelled: 1,
  invalidArgument: 3,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export interface OtlpStatus {
  readonly http: number;
  readonly grpc: number;
  /**
   * May the client send the same request again? OTLP allows a retry after HTTP 429, 502, 503, 504 and
   * after gRPC UNAVAILABLE only, so the two codes and this must agree.
   */
  readonly retryable: boolean;
}

const status = (http: number, grpc: number): OtlpStatus => ({
  http,
  grpc,
  retryable: http === 429 || http === 503,
});

const BAD_DATA = status(400, GRPC.invalidArgument);
const TOO_LARGE = status(413, GRPC.resourceExhausted);
const UNSUPPORTED = status(415, GRPC.unimplemented);
const UNAUTHENTICATED = status(401, GRPC.unauthenticated);
const FORBIDDEN = status(403, GRPC.permissionDenied);
const UNAVAILABLE = status(503, GRPC.unavailable);
const INTERNAL = status(500, GRPC.internal);

/**
 * The one place that turns an error code into a status (OTLP 1.11, "Failures" of both transports).
 * Sections: OTLP/HTTP "Bad Data" 400, "Request" 413, "Throttling" 429 and 503; OTLP/gRPC "Throttling":
 * a retry is asked for with UNAVAILABLE, because RESOURCE_EXHAUSTED alone means "never".
 */
const STATUS_BY_CODE: Readonly<Partial<Record<ErrorCode, OtlpStatus>>> = {
  "ingest.body_malformed": BAD_DATA,
  "ingest.wrong_signal": BAD_DATA,
  "ingest.body_too_large": TOO_LARGE,
  "ingest.content_type_unsupported": UNSUPPORTED,
  "ingest.encoding_unsupported": UNSUPPORTED,
  "ingest.method_not_allowed": status(405, GRPC.unimplemented),
  "ingest.path_unknown": status(404, GRPC.unimplemented),
  "ingest.body_timeout": status(408, GRPC.cancelled),
  "ingest.host_refused": FORBIDDEN,
  "auth.key_missing": UNAUTHENTICATED,
  "auth.key_invalid": UNAUTHENTICATED,
  "auth.key_revoked": FORBIDDEN,
  "auth.project_archived": FORBIDDEN,
  "auth.scope_missing": FORBIDDEN,
  "auth.origin_refused": FORBIDDEN,
  "auth.signature_required": UNAUTHENTICATED,
  "auth.signature_invalid": UNAUTHENTICATED,
  "auth.signature_stale": UNAUTHENTICATED,
  "auth.signature_replayed": UNAUTHENTICATED,
  "ingest.rate_limited": status(429, GRPC.unavailable),
  "ingest.storage_behind": UNAVAILABLE,
  "ingest.overloaded": UNAVAILABLE,
  "ingest.shutting_down": UNAVAILABLE,
  "lake.store_unavailable": UNAVAILABLE,
  "control.ledger_unavailable": UNAVAILABLE,
};

/** The status of an error code; codes that no sender can cause are internal errors. */
export function otlpStatusOf(code: ErrorCode): OtlpStatus {
  return STATUS_BY_CODE[code] ?? INTERNAL;
}

/** Seconds for Retry-After or RetryInfo; undefined when a retry makes no sense. */
export function retryAfterSecondsOf(error: LensError): number | undefined {
  if (!otlpStatusOf(error.code).retryable) return undefined;
  const seconds = Math.ceil(error.retryAfterSeconds ?? RETRY_AFTER_SECONDS_MIN);
  return Math.min(Math.max(seconds, RETRY_AFTER_SECONDS_MIN), RETRY_AFTER_SECONDS_MAX);
}

/** Anything thrown as a LensError; what is not one is a bug, and its text stays inside the process. */
export function toLensError(error: unknown): LensError {
  if (error instanceof LensError) return error;
  return new LensError("internal", "the collector failed on this request; it is not your data", {
    cause: error,
  });
}
