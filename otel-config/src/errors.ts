/**
 * Every error code that a user can meet. Each has a section in console/content/docs/errors.md
 * (a test compares the two lists). Callers branch on `code`, never on text.
 */
export const ERROR_CODES = [
  "config.invalid",
  "ingest.body_too_large",
  "ingest.content_type_unsupported",
  "ingest.encoding_unsupported",
  "ingest.body_malformed",
  "ingest.wrong_signal",
  "ingest.method_not_allowed",
  "ingest.path_unknown",
  "ingest.body_timeout",
  "ingest.host_refused",
  "auth.key_missing",
  "auth.key_invalid",
  "auth.key_revoked",
  "auth.project_archived",
  "auth.scope_missing",
  "auth.origin_refused",
  "auth.session_missing",
  "auth.permission_missing",
  "auth.signature_required",
  "auth.signature_invalid",
  "auth.signature_stale",
  "auth.signature_replayed",
  "ingest.rate_limited",
  "ingest.storage_behind",
  "ingest.overloaded",
  "ingest.shutting_down",
  "lake.object_missing",
  "lake.store_unavailable",
  "lake.store_refused",
  "lake.file_corrupt",
  "lake.not_as_sealed",
  "query.invalid",
  "query.not_found",
  "query.timeout",
  "mail.failed",
  "stripe.failed",
  "stripe.refused",
  "api.path_unknown",
  "api.method_not_allowed",
  "api.uri_too_long",
  "api.body_malformed",
  "api.body_too_large",
  "api.content_type_unsupported",
  "api.conflict",
  "api.version_required",
  "api.version_conflict",
  "api.request_in_progress",
  "api.idempotency_key_reused",
  "api.rate_limited",
  "api.unavailable",
  "audit.not_intact",
  "statement.not_intact",
  "control.budget_exceeded",
  "control.kill_switch",
  "control.ledger_unavailable",
  "control.policy_stale",
  "internal",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface LensErrorOptions {
  /** May the same request succeed later without a change? */
  readonly retryable?: boolean;
  /** Seconds after which a retry makes sense; only with `retryable`. */
  readonly retryAfterSeconds?: number;
  /** Structured data; never a secret, never content. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The one error type that crosses a package border. `message` says what happened, with the value, and
 * what to do: lower case, no full stop.
 */
export class LensError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: LensErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "LensError";
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.details = options.details ?? {};
  }
}
