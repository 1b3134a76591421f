import { INVALID_SPAN_CONTEXT, context } from "@opentelemetry/api";
import type { Attributes, Context, Link, SpanContext, Tracer } from "@opentelemetry/api";
import { GEN_AI } from "@lensai/otel-config/attributes/gen-ai";
import type { Later } from "../calls/later.ts";
import type { CapturedCall } from "../content/content-capture.ts";
import type { CallEnd, GuardedCall } from "../guard/guarded-call.ts";
import { attributionAttributes } from "../manual/attribution.ts";
import type { WireCall } from "../wire/recognise-call.ts";
import { createResponseFacts } from "../wire/response-facts.ts";
import type { ResponseFacts } from "../wire/response-facts.ts";
import { requestAttributes, responseAttributes, spanNameOf } from "./call-attributes.ts";
import { neverThrow } from "./never-throw.ts";
import { otherSpanOf } from "./other-span.ts";
import { startOwnSpan } from "./own-span.ts";
import type { CallOutcome, SpanPlan, SpanTarget } from "./own-span.ts";

const MS_PER_SECOND = 1000;
const ERROR_STATUS_MIN = 400;

/** What is known of a call beyond the call itself. */
export interface CallPast {
  readonly attributes: Attributes;
  /** To the attempts before. */
  readonly links: readonly Link[];
}

/** The span of one request to a provider, from before it is sent until its answer was read. */
export class CallSpan {
  /** Those that have not ended, so that they are not lost with the process. */
  static readonly #open = new Set<CallSpan>();
  /** Ends the span with what was read of the answer so far. */
  onAbandon: (() => void) | undefined;
  /** Told of the span of a call that got no answer, or a refusal: it may be tried again. */
  onFailure: ((span: SpanContext) => void) | undefined;
  readonly call: WireCall;
  readonly #target: SpanTarget;
  readonly #startMs = performance.now();
  readonly #guarded: GuardedCall | undefined;
  #firstChunkMs: number | undefined;
  /** When the answer was over, if describing it was put off. */
  #endMs: number | undefined;
  #hasEnded = false;
  #content: CapturedCall | undefined;

  private constructor(call: WireCall, target: SpanTarget, guarded: GuardedCall | undefined) {
    this.call = call;
    this.#target = target;
    this.#guarded = guarded;
  }

  /** Undefined when nobody wants the span: it is not sampled, or there is no SDK. */
  static start(tracer: () => Tracer, call: WireCall, past: CallPast): CallSpan | undefined {
    const target = startTarget(tracer, call, past);
    return target && CallSpan.#started(new CallSpan(call, target, undefined));
  }

  /** The same for a call that the guard has decided about: what it cost is asked for in any case. */
  static startGuarded(
    tracer: () => Tracer,
    call: WireCall,
    { past, guarded }: { readonly past: CallPast; readonly guarded: GuardedCall },
  ): CallSpan {
    const target = neverThrow("starting a span", () => startTarget(tracer, call, past));
    return CallSpan.#started(new CallSpan(call, target ?? NOBODYS, guarded));
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
    return this.#target.context();
  }

  /** Puts the content of the request and that of the answer on the span when it ends. */
  capture(content: CapturedCall): void {
    this.#content = content;
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
    const outcome = { attributes: {}, errorType: errorTypeOf(error), isWhole: false };
    this.#failWith({ kind: "failed", error }, outcome);
  }

  /** The guard has stopped the call: nothing was sent. */
  stop(): void {
    const errorType = this.#guarded?.refusal?.code;
    this.#end({ kind: "refused" }, () => ({ attributes: {}, errorType, isWhole: false }));
  }

  /** The provider refused; the body of a refusal says nothing about usage. */
  refuse(status: number): void {
    const attributes = { "http.response.status_code": status };
    const outcome = { attributes, errorType: String(status), isWhole: false };
    this.#failWith({ kind: "refused" }, outcome);
  }

  /** The answer was read as far as it was. `error` is what cut it off, when it was not the caller. */
  complete(facts: ResponseFacts, error?: unknown): void {
    this.#end({ kind: "answered", facts }, () => {
      const errorType = error === undefined ? facts.errorType : errorTypeOf(error);
      const isWhole = errorType === undefined && facts.problem === undefined;
      const content = neverThrow("writing the content of an answer", () =>
        this.#content?.answerAttributes(facts.finishReasons),
      );
      const attributes = { ...responseAttributes(this.call, facts), ...content };
      if (this.call.isStream && this.#firstChunkMs !== undefined) {
        const seconds = (this.#firstChunkMs - this.#startMs) / MS_PER_SECOND;
        attributes[GEN_AI.timeToFirstChunkSeconds] = seconds;
      }
      return { attributes, errorType, isWhole };
    });
  }

  /** The answer is over: `complete` is to be called, at once or later. */
  endsLater(later: Later, complete: () => void): void {
    if (!this.#target.canWait) return complete();
    this.#endMs ??= performance.now();
    later(complete);
  }

  /** Nobody will read on. */
  abandon(): void {
    if (this.hasChunk) this.onAbandon?.();
    if (this.#endMs !== undefined) return;
    this.complete({ ...createResponseFacts(), problem: "body_not_read" });
  }

  #failWith(end: CallEnd, outcome: CallOutcome): void {
    if (this.#hasEnded) return;
    this.#end(end, () => outcome);
    this.onFailure?.(this.#target.identity());
  }

  /** Once, and whatever happens: a span that never ends is a call that was never made. */
  #end(end: CallEnd, outcomeOf: () => CallOutcome): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    CallSpan.#open.delete(this);
    const guarded = this.#guarded;
    if (guarded !== undefined) neverThrow("settling a call", () => guarded.end(end));
    const outcome = neverThrow("describing a call", outcomeOf) ?? NOTHING_KNOWN;
    const asked = neverThrow(
      "writing the content of a request",
      () => this.#content?.requestAttributes,
    );
    const attributes = { ...asked, ...guarded?.attributes, ...outcome.attributes };
    this.#target.finish({ ...outcome, attributes, endMs: this.#endMs });
  }
}

const NOTHING_KNOWN: CallOutcome = { attributes: {}, isWhole: false };

/** Of a call that is asked for what it cost, though nobody wants its span. */
const NOBODYS: SpanTarget = {
  canWait: true,
  context: () => context.active(),
  finish: () => {},
  identity: () => INVALID_SPAN_CONTEXT,
};

function startTarget(
  tracer: () => Tracer,
  call: WireCall,
  { attributes, links }: CallPast,
): SpanTarget | undefined {
  const parent = context.active();
  const plan: SpanPlan = {
    tracer: tracer(),
    name: spanNameOf(call),
    attributes: { ...requestAttributes(call), ...attributionAttributes(parent), ...attributes },
    links,
    parent,
  };
  return otherSpanOf(plan, call, Date.now()) ?? startOwnSpan(plan);
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
