import { LensError } from "@lensai/otel-config/errors";

/** Clients of OTLP wait this long and send again; their own deadline is 10 s. */
const RETRY_AFTER_SECONDS = 2;

/** The answer to a request that cannot be made durable now: 503 with Retry-After. */
export function storageBehind(reason: string, cause?: unknown): LensError {
  return new LensError("ingest.storage_behind", `${reason}; send the request again later`, {
    retryable: true,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  });
}

/** What the system said about a failed file operation, without its path. */
export function diskReason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  if (code === "ENOSPC") return "the disk is full (ENOSPC)";
  if (code !== undefined) return `the disk refused (${code})`;
  return `the disk refused (${error instanceof Error ? error.message : String(error)})`;
}
