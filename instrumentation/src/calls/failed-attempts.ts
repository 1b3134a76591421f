import type { SpanContext } from "@opentelemetry/api";
import type { WireRequest } from "../wire/recognise-call.ts";
import type { HeaderReader } from "../wire/response-facts.ts";

/** What is known of a request that may have been sent before. */
export interface SentRequest extends WireRequest {
  readonly header: HeaderReader;
  /** The trace that it is part of, if it is part of one. */
  readonly traceId: string | undefined;
}

/** How often the same request was sent before, and the span of the last time, where that is known. */
export interface Resend {
  readonly count: number;
  readonly previous: SpanContext | undefined;
}

interface Failure {
  readonly span: SpanContext;
  readonly count: number;
}

/** Failures that may still be tried again; of more at once the oldest are forgotten, which costs a link. */
const FAILURES_MAX = 1000;

/** Headers that stay the same when a request is sent again: AWS's SDK's, and that of several APIs. */
const IDENTITIES = ["amz-sdk-invocation-id", "idempotency-key"];

/** Text at both ends of a body that is looked at; requests that differ in neither, nor in length, are one. */
const COMPARED_CHARACTERS = 4096;

/** Finds for an attempt the one before: who tries again does so after a failure. Bounded. */
export class FailedAttempts {
  readonly #failures = new Map<string, Failure>();

  add(request: SentRequest, span: SpanContext, count: number): void {
    const key = keyOf(request);
    this.#failures.delete(key);
    this.#failures.set(key, { span, count });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > FAILURES_MAX && oldest !== undefined) this.#failures.delete(oldest);
  }

  /** A failure is the past of one attempt only. */
  resendOf(request: SentRequest): Resend {
    const count = statedCount(request.header);
    if (this.#failures.size === 0 || !canBeKnown(request, count)) {
      return { count: count ?? 0, previous: undefined };
    }
    const key = keyOf(request);
    const failure = this.#failures.get(key);
    this.#failures.delete(key);
    return { count: count ?? (failure ? failure.count + 1 : 0), previous: failure?.span };
  }
}

/** By what the SDKs of OpenAI, Anthropic (`x-stainless-…`) and AWS (`attempt=2; max=3`) say; else undefined. */
function statedCount(header: HeaderReader): number | undefined {
  const resends = Number(header("x-stainless-retry-count") ?? "0");
  if (Number.isInteger(resends) && resends > 0) return resends;
  const attempt = Number(/attempt=(\d+)/.exec(header("amz-sdk-request") ?? "")?.[1] ?? "1");
  return attempt > 1 ? attempt - 1 : undefined;
}

/** Outside of a trace, equal requests are calls of their own unless the SDK says otherwise. */
function canBeKnown({ header, traceId }: SentRequest, count: number | undefined): boolean {
  return traceId !== undefined || count !== undefined || identityOf(header) !== undefined;
}

function identityOf(header: HeaderReader): string | undefined {
  return IDENTITIES.map(header).find((value) => value !== undefined);
}

function keyOf({ header, traceId, url, body = "" }: SentRequest): string {
  const identity = identityOf(header);
  if (identity !== undefined) return `${url.host} ${identity}`;
  const ends = body.slice(0, COMPARED_CHARACTERS) + body.slice(-COMPARED_CHARACTERS);
  return `${traceId ?? ""} ${url.href} ${body.length} ${hashOf(ends)}`;
}

/** FNV-1a, 32 bits: nobody gains from a collision, which links two attempts of one trace. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}
