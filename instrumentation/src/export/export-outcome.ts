import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";

/** What came back for one request of an export. */
export interface ExportAnswer {
  readonly status: number;
  /** By lower-case name; of those that are read: retry-after, date, content-type. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Empty when it was longer than is read. */
  readonly body: Uint8Array;
}

/** What becomes of the records of a request. */
export type ExportOutcome =
  | {
      readonly kind: "delivered";
      /** Records that the receiver did not take, and does not want again. */
      readonly rejectedCount: number;
    }
  | {
      readonly kind: "retryable";
      /** Why, as a value of `error.type`. */
      readonly errorType: string;
      /** The receiver's own wish, at most RETRY_AFTER_MAX_MS. */
      readonly retryAfterMs: number | undefined;
    }
  | { readonly kind: "refused"; readonly errorType: string };

/** Everything else below 500 and above is final (OTLP specification, "Retryable Response Codes"). */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** A receiver may ask for a pause, not for silence: a day is more likely a wrong clock than a wish. */
const RETRY_AFTER_MAX_MS = 60_000;

const MS_PER_SECOND = 1000;

/** Reads an answer by the rules of OTLP over HTTP. */
export function outcomeOf(answer: ExportAnswer, nowMs: number): ExportOutcome {
  const { status, headers, body } = answer;
  if (status >= 200 && status < 300) {
    // A page to sign in on, or of a proxy: nobody has read the records.
    const isPage = headers["content-type"]?.trim().toLowerCase().startsWith("text/html") === true;
    if (isPage) return { kind: "retryable", errorType: "not_otlp", retryAfterMs: undefined };
    return { kind: "delivered", rejectedCount: rejectedCountIn(body) };
  }
  if (!RETRYABLE_STATUSES.has(status)) return { kind: "refused", errorType: String(status) };
  const retryAfterMs = readRetryAfter(headers["retry-after"], nowMs);
  return { kind: "retryable", errorType: String(status), retryAfterMs };
}

/** No answer at all: connections that fail are always worth another try. */
export function failureOf(error: unknown): ExportOutcome {
  return { kind: "retryable", errorType: errorTypeOf(error), retryAfterMs: undefined };
}

/** The code (ECONNREFUSED) where there is one, else the name: never a message, which may quote a URL. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return "_OTHER";
  return codeOf(error.cause) ?? codeOf(error) ?? error.name;
}

function codeOf(error: unknown): string | undefined {
  const code: unknown =
    typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Seconds or an HTTP date (RFC 9110 section 10.2.3); undefined when it is neither. */
function readRetryAfter(field: string | undefined, nowMs: number): number | undefined {
  const text = field?.trim() ?? "";
  const wishMs = /^\d+$/.test(text) ? Number(text) * MS_PER_SECOND : Date.parse(text) - nowMs;
  if (Number.isNaN(wishMs)) return undefined;
  return Math.min(Math.max(wishMs, 0), RETRY_AFTER_MAX_MS);
}

/** A body that cannot be read says nothing: the status alone is a success then. */
function rejectedCountIn(body: Uint8Array): number {
  if (body.length === 0) return 0;
  try {
    const { partialSuccess } = ProtobufTraceSerializer.deserializeResponse(body);
    const count = partialSuccess?.rejectedSpans ?? 0;
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch {
    return 0;
  }
}
