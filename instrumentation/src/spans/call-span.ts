import type { Attributes, Context, Link, SpanContext, Tracer } from "@opentelemetry/api";
import { GEN_AI } from "@lensai/otel-config/attributes/gen-ai";
import type { ObservedCall } from "../calls/observed-call.ts";
import type { RequestedCall } from "../calls/requested-call.ts";
import type { CapturedCall } from "../content/content-capture.ts";
import type { CallEnd, GuardedCall } from "../guard/guarded-call.ts";
import { attributionAttributes } from "../manual/attribution.ts";
import type { WireCall } from "../wire/recognise-call.ts";
import { createResponseFacts } from "../wire/response-facts.ts";
import type { HeaderReader, ObservationProblem, ResponseFacts } from "../wire/response-facts.ts";
import { createResponseReader } from "../wire/response-reader.ts";
import type { ResponseReader } from "../wire/response-reader.ts";
import { requestAttributes, responseAttributes, spanNameOf } from "./call-attributes.ts";
import { neverThrow } from "./never-throw.ts";
import { otherSpanOf } from "./other-span.ts";
import { OwnSpan } from "./own-span.ts";
import type { CallOutcome, SpanPlan, SpanTarget } from "./own-span.ts";

const MS_PER_SECOND = 1000;
const ERROR_STATUS_MIN = 400;

/** What is known of a call beyond the call itself. */
export interface CallPast {
  readonly attributes: Attributes;
  /** To the attempts before. */
  readonly links: readonly Link[];
}

export interface CallSpanParts {
  readonly tracer: () => Tracer;
  /** What the call is made in. */
  readonly parent: Context;
  readonly past: () => CallPast;
  /** What the guard has decided: what the call cost is asked for in any case. */
  readonly guarded: GuardedCall | undefined;
}

/** The span of one request to a provider, from before it is sent until its answer was read. */
export class CallSpan implements ObservedCall {
  /** Those that have not ended, so that they are not lost with the process. */
  static readonly #open = new Set<CallSpan>();
  /** Did nobody want the last one that was asked about? Then it is likely that nobody wants the next. */
  static #areUnwanted = true;
  /** Ends the span with what was read of the answer so far. */
  onAbandon: (() => void) | undefined;
  /** Told of the span of a call that got no answer, or a refusal: it may be tried again. */
  onFailure: ((span: SpanContext) => void) | undefined;
  readonly #requested: RequestedCall;
  readonly #parts: CallSpanParts;
  readonly #startMs = performance.now();
  #knownTarget: SpanTarget | undefined;
  #firstChunkMs: number | undefined;
  /** When the answer was over, if describing it was put off. */
  #endMs: number | undefined;
  #hasEnded = false;
  #beginContent: ((call: WireCall) => CapturedCall | undefined) | undefined;
  #content: CapturedCall | undefined;

  private constructor(requested: RequestedCall, parts: CallSpanParts) {
    this.#requested = requested;
    this.#parts = parts;
    CallSpan.#open.add(this);
  }

  /** Undefined when it is known that nobody wants the span, and nobody asks what the call cost. */
  static start(requested: RequestedCall, parts: CallSpanParts): CallSpan | undefined {
    const span = new CallSpan(requested, parts);
    // No request is changed for a span that nobody wants. To be sure takes longer than all else before it is sent.
    const isDoubtful = requested.lacksStreamUsage && CallSpan.#areUnwanted;
    return isDoubtful && !span.isWanted() ? span.leave() : span;
  }

  /** Ends all spans, for the end of the process. */
  static abandonAll(): void {
    for (const span of CallSpan.#open) neverThrow("ending a span", () => span.abandon());
  }

  /** Undefined when the request is no call after all. Asked for the first time, it is read. */
  get call(): WireCall | undefined {
    return this.#requested.call;
  }

  get lacksStreamUsage(): boolean {
    return this.#requested.lacksStreamUsage;
  }

  /**
   * Is it a call, and does anybody want its span? It is not sampled, or there is no SDK: what it costs is asked for all
   * the same if it is guarded. Reads the request and starts the span.
   */
  isWanted(): boolean {
    this.#target.start();
    CallSpan.#areUnwanted = this.#target.isUnwanted;
    return !this.#target.isUnwanted || this.#guarded !== undefined;
  }

  /** May it be described after the application has its answer? */
  get canWait(): boolean {
    return this.#target.canWait;
  }

  /** What the request itself runs in, so that spans of HTTP are children. Starts the span. */
  context(): Context {
    return this.#target.context();
  }

  /** Nothing is said of the call any more. A connection that is kept holds the call that opened it: what that had goes. */
  leave(): undefined {
    this.#hasEnded = true;
    CallSpan.#open.delete(this);
    this.onAbandon = undefined;
    this.onFailure = undefined;
    this.#beginContent = undefined;
  }

  /** Puts the content of the request and that of the answer on the span when it ends. */
  capture(begin: (call: WireCall) => CapturedCall | undefined): void {
    this.#beginContent = begin;
  }

  readerOf(header: HeaderReader): ResponseReader | undefined {
    const call = this.isWanted() ? this.call : undefined;
    if (call === undefined) return this.leave();
    const reader = createResponseReader(call, header);
    if (reader === undefined) this.complete(unread("content_type_unknown"));
    else this.#captureAnswer(reader.facts);
    return reader;
  }

  /** A part of the body has come. */
  chunkArrived(): void {
    this.#firstChunkMs ??= performance.now();
  }

  get hasChunk(): boolean {
    return this.#firstChunkMs !== undefined;
  }

  /** There is no answer: `error` is what the application gets. Nobody bills for what was not sent. */
  fail(error: unknown, { isSent = true } = {}): void {
    const outcome = { attributes: {}, errorType: errorTypeOf(error), isWhole: false };
    this.#failWith(isSent ? { kind: "failed", error } : { kind: "refused" }, outcome);
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
      const { call } = this;
      const attributes = { ...(call && responseAttributes(call, facts)), ...content };
      if (call?.isStream === true && this.#firstChunkMs !== undefined) {
        const seconds = (this.#firstChunkMs - this.#startMs) / MS_PER_SECOND;
        attributes[GEN_AI.timeToFirstChunkSeconds] = seconds;
      }
      return { attributes, errorType, isWhole };
    });
  }

  /** The answer is over; `complete` may be called later. */
  answerEnded(): void {
    this.#endMs ??= performance.now();
  }

  /** Nobody will read on. */
  abandon(): void {
    if (this.hasChunk) this.onAbandon?.();
    if (this.#endMs !== undefined) return;
    this.complete(unread("body_not_read"));
  }

  get #target(): SpanTarget {
    return (this.#knownTarget ??= targetOf(this.#requested, this.#parts, this.#startMs));
  }

  get #guarded(): GuardedCall | undefined {
    return this.#parts.guarded;
  }

  #captured(): CapturedCall | undefined {
    const begin = this.#beginContent;
    if (begin === undefined) return this.#content;
    this.#beginContent = undefined;
    this.#content = neverThrow(
      "reading the content of a request",
      () => this.call && begin(this.call),
    );
    return this.#content;
  }

  /** What is read of the answer is told to whoever captures its content. */
  #captureAnswer(facts: ResponseFacts): void {
    const content = this.#captured();
    if (content === undefined) return;
    facts.onBody = (body) => {
      neverThrow("reading the content of an answer", () => content.add(body));
    };
  }

  #failWith(end: CallEnd, outcome: Omit<CallOutcome, "endMs">): void {
    if (this.#hasEnded) return;
    const { onFailure } = this;
    this.#end(end, () => outcome);
    onFailure?.(this.#target.identity());
  }

  /** Once, and whatever happens: a span that never ends is a call that was never made. */
  #end(end: CallEnd, outcomeOf: () => Omit<CallOutcome, "endMs">): void {
    if (this.#hasEnded) return;
    const content = this.#captured();
    this.leave();
    const guarded = this.#guarded;
    if (guarded !== undefined) neverThrow("settling a call", () => guarded.end(end));
    const outcome = neverThrow("describing a call", outcomeOf) ?? NOTHING_KNOWN;
    const asked = neverThrow("writing the content of a request", () =>
      content?.requestAttributes(),
    );
    const attributes = { ...asked, ...guarded?.attributes, ...outcome.attributes };
    this.#content = undefined;
    this.#target.finish({ ...outcome, attributes, endMs: this.#endMs ?? performance.now() });
  }
}

const NOTHING_KNOWN: Omit<CallOutcome, "endMs"> = { attributes: {}, isWhole: false };

function unread(problem: ObservationProblem): ResponseFacts {
  return { ...createResponseFacts(), problem };
}

function targetOf(
  requested: RequestedCall,
  { tracer, parent, past }: CallSpanParts,
  startMs: number,
): SpanTarget {
  let planned: SpanPlan | undefined;
  const plan = (): SpanPlan | undefined => (planned ??= planOf());
  const planOf = (): SpanPlan | undefined => {
    const { call } = requested;
    if (call === undefined) return undefined;
    const { attributes, links } = past();
    return {
      tracer: tracer(),
      name: spanNameOf(call),
      attributes: { ...requestAttributes(call), ...attributionAttributes(parent), ...attributes },
      links,
      startMs,
    };
  };
  const other = neverThrow("starting a span", () => otherSpanOf(parent, plan, requested));
  return other ?? new OwnSpan(parent, plan);
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
