import { status as GrpcStatus } from "@grpc/grpc-js";
import { LensError } from "@lensai/otel-config/errors";
import type { ErrorCode } from "@lensai/otel-config/errors";
import { RETRY_AFTER_SECONDS_MAX, RETRY_AFTER_SECONDS_MIN } from "./limits.ts";

export interface OtlpStatus {
  readonly http: number;
  readonly grpc: GrpcStatus;
  /**
   * May the client send the same request again? OTLP allows a retry after HTTP 429, 502, 503, 504 and
   * after gRPC UNAVAILABLE only, so the two codes and this must agree.
   */
  readonly retryable: boolean;
}

const status = (http: number, grpc: GrpcStatus): OtlpStatus => ({
  http,
  grpc,
  retryable: http === 429 || http === 503,
});

const BAD_DATA = status(400, GrpcStatus.INVALID_ARGUMENT);
const TOO_LARGE = status(413, GrpcStatus.RESOURCE_EXHAUSTED);
const UNSUPPORTED = status(415, GrpcStatus.UNIMPLEMENTED);
const UNAUTHENTICATED = status(401, GrpcStatus.UNAUTHENTICATED);
const FORBIDDEN = status(403, GrpcStatus.PERMISSION_DENIED);
const UNAVAILABLE = status(503, GrpcStatus.UNAVAILABLE);
const INTERNAL = status(500, GrpcStatus.INTERNAL);

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
  "ingest.method_not_allowed": status(405, GrpcStatus.UNIMPLEMENTED),
  "ingest.path_unknown": status(404, GrpcStatus.UNIMPLEMENTED),
  "ingest.body_timeout": status(408, GrpcStatus.CANCELLED),
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
  "ingest.rate_limited": status(429, GrpcStatus.UNAVAILABLE),
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
