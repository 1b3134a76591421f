import { INVALID_SPAN_CONTEXT, SpanKind, SpanStatusCode, context, trace } from "@opentelemetry/api";
import type { Attributes, Context, Span, Tracer } from "@opentelemetry/api";
import { GEN_AI } from "@lensai/otel-config/attributes/gen-ai";
import type { CapturedCall } from "../content/content-capture.ts";
import type { CallEnd, GuardedCall } from "../guard/guarded-call.ts";
import { attributionAttributes } from "../manual/attribution.ts";
import type { WireCall } from "../wire/recognise-call.ts";
import { createResponseFacts } from "../wire/response-facts.ts";
import type { ResponseFacts } from "../wire/response-facts.ts";
import { requestAttributes, responseAttributes, spanNameOf } from "./call-attributes.ts";
import { neverThrow } from "./never-throw.ts";

const MS_PER_SECOND = 1000;
const ERROR_STATUS_MIN = 400;

/** The span of one request to a provider, from before it is sent until its answer was read. */
export class CallSpan {
  /** Those that have not ended, so that they are not lost with the process. */
  static readonly #open = new Set<CallSpan>();
  /** Ends the span with what was read of the answer so far. */
  onAbandon: (() => void) | undefined;
  readonly call: WireCall;
  readonly #span: Span;
  readonly #startMs = performance.now();
  readonly #guarded: GuardedCall | undefined;
  #firstChunkMs: number | undefined;
  #hasEnded = false;
  #content: CapturedCall | undefined;

  private constructor(call: WireCall, span: Span, guarded: GuardedCall | undefined) {
    this.call = call;
    this.#span = span;
    this.#guarded = guarded;
  }

  /** Undefined when nobody wants the span: it is not sampled, or there is no SDK. */
  static start(tracer: () => Tracer, call: WireCall, more: Attributes): CallSpan | undefined {
    const span = startSpan(tracer, call, more);
    return span.isRecording() ? CallSpan.#started(new CallSpan(call, span, undefined)) : undefined;
  }

  /** The same for a call that the guard has decided about: what it cost is asked for in any case. */
  static startGuarded(
    tracer: () => Tracer,
    call: WireCall,
    { more, guarded }: { readonly more: () => Attributes; readonly guarded: GuardedCall },
  ): CallSpan {
    const span = neverThrow("starting a span", () => startSpan(tracer, call, more()));
    const nobodys = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    return CallSpan.#started(new CallSpan(call, span ?? nobodys, guarded));
  }

  static #started(span: CallSpan): CallSpan {
    CallSpan.#open.add(span);
    return span;
  }

  /** Ends all spans, for the end of the process. */
  static abandonAll(): void {
    for (const span of CallSpan.#open) neverThrow("ending a span", () => span.abandon());
  }

  /** What the request itself runs in, so that spans of HTTP are children. */
  context(): Context {
    return trace.setSpan(context.active(), this.#span);
  }

  /** Puts the content of the request on the span now, and that of the answer when the span ends. */
  capture(content: CapturedCall): void {
    this.#content = content;
    this.#span.setAttributes(content.requestAttributes);
  }

  /** What is read of the answer is told to whoever captures its content. */
  captureAnswer(facts: ResponseFacts): void {
    const content = this.#content;
    if (content === undefined) return;
    facts.onBody = (body) => {
      neverThrow("reading the content of an answer", () => content.add(body));
    };
  }

  /** A part of the body has come. */
  chunkArrived(): void {
    this.#firstChunkMs ??= performance.now();
  }

  get hasChunk(): boolean {
    return this.#firstChunkMs !== undefined;
  }

  /** There is no answer: `error` is what the application gets. */
  fail(error: unknown): void {
    this.#end({ kind: "failed", error }, () => this.#setError(errorTypeOf(error)));
  }

  /** The guard has stopped the call: nothing was sent. */
  stop(): void {
    this.#end({ kind: "refused" }, () => {
      const type = this.#guarded?.refusal?.code;
      if (type !== undefined) this.#setError(type);
    });
  }

  /** The provider refused; the body of a refusal says nothing about usage. */
  refuse(status: number): void {
    this.#end({ kind: "refused" }, () => {
      this.#span.setAttribute("http.response.status_code", status);
      this.#setError(String(status));
    });
  }

  /** The answer was read as far as it was. `error` is what cut it off, when it was not the caller. */
  complete(facts: ResponseFacts, error?: unknown): void {
    this.#end({ kind: "answered", facts }, () => {
      this.#span.setAttributes(responseAttributes(this.call, facts));
      const content = neverThrow("writing the content of an answer", () =>
        this.#content?.answerAttributes(facts.finishReasons),
      );
      if (content !== undefined) this.#span.setAttributes(content);
      if (this.call.isStream && this.#firstChunkMs !== undefined) {
        const seconds = (this.#firstChunkMs - this.#startMs) / MS_PER_SECOND;
        this.#span.setAttribute(GEN_AI.timeToFirstChunkSeconds, seconds);
      }
      const type = error === undefined ? facts.errorType : errorTypeOf(error);
      if (type !== undefined) this.#setError(type);
    });
  }

  /** Nobody will read on. */
  abandon(): void {
    if (this.hasChunk) this.onAbandon?.();
    this.complete({ ...createResponseFacts(), problem: "body_not_read" });
  }

  /** Only the type: messages of providers quote what they were asked. */
  #setError(type: string): void {
    this.#span.setAttribute("error.type", type);
    this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  /** Once, and whatever happens: a span that never ends is a call that was never made. */
  #end(end: CallEnd, describe: () => void): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    CallSpan.#open.delete(this);
    const guarded = this.#guarded;
    if (guarded !== undefined) neverThrow("settling a call", () => guarded.end(end));
    try {
      if (guarded !== undefined) this.#span.setAttributes(guarded.attributes);
      describe();
    } finally {
      this.#span.end();
    }
  }
}

function startSpan(tracer: () => Tracer, call: WireCall, more: Attributes): Span {
  const attributes = {
    ...requestAttributes(call),
    ...attributionAttributes(context.active()),
    ...more,
  };
  return tracer().startSpan(spanNameOf(call), { kind: SpanKind.CLIENT, attributes });
}

export function isRefusal(status: number): boolean {
  return status >= ERROR_STATUS_MIN;
}

/** The code of the cause (ECONNREFUSED) says more than undici's "TypeError: fetch failed". */
function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return "_OTHER";
  return codeOf(error.cause) ?? codeOf(error) ?? error.name;
}

function codeOf(error: unknown): string | undefined {
  const code: unknown =
    typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}
