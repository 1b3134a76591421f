import { LensError } from "@lensai/otel-config/errors";
import type { Sender } from "../admission/authenticate.ts";

/** How long a browser may remember a preflight; two hours is the most that Chromium keeps. */
const MAX_AGE_SECONDS = 7200;

const ALLOWED_HEADERS =
  "content-type, content-encoding, authorization, x-lensai-key, x-api-key, x-lensai-project, traceparent, tracestate, baggage";

type Headers = Readonly<Record<string, string>>;

/** Headers of every answer, refusals included, to a page of an allowed origin. */
export function corsHeaders(origin: string | undefined, isAllowed: boolean): Headers {
  if (origin === undefined) return {};
  if (!isAllowed) return { vary: "Origin" };
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers": "Retry-After",
    vary: "Origin",
  };
}

/** Headers that a preflight answer has on top. */
export function preflightHeaders(isAllowed: boolean): Headers {
  if (!isAllowed) return {};
  return {
    "access-control-allow-methods": "POST, OPTIONS",
    "access-control-allow-headers": ALLOWED_HEADERS,
    "access-control-max-age": String(MAX_AGE_SECONDS),
  };
}

/**
 * Origins decide about browser keys and about keyless senders: a page of another origin must not write
 * into the default project of a collector on its reader's machine. Other keys are secrets, so whoever holds
 * one may use it from anywhere. Throws LensError `auth.origin_refused`.
 */
export function requireOrigin(
  origin: string | undefined,
  sender: Sender,
  isAllowed: boolean,
): void {
  const mayUse =
    sender.origins.length > 0
      ? origin !== undefined && sender.origins.includes(origin)
      : origin === undefined || isAllowed || sender.apiKeyId !== undefined;
  if (mayUse) return;
  throw new LensError(
    "auth.origin_refused",
    origin === undefined
      ? "a browser key needs the origin header of the page that sends"
      : "this origin may not send here; add it to the key or to LENSAI_CORS_ORIGINS",
  );
}
