import { INVALID_SPAN_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Attributes, Context, Link, Span, SpanContext, Tracer } from "@opentelemetry/api";
import { neverThrow } from "./never-throw.ts";

/** A span of ours, before there is one. */
export interface SpanPlan {
  readonly tracer: Tracer;
  readonly name: string;
  readonly attributes: Attributes;
  readonly links: readonly Link[];
  /** When the call was made, by `performance.now()`. */
  readonly startMs: number;
}

/** How a call ended, in the words of its span. */
export interface CallOutcome {
  readonly attributes: Attributes;
  /** What kind of error it ended in, if it did. */
  readonly errorType?: string | undefined;
  /** Its answer was read to the end, and said all that it had to say. */
  readonly isWhole: boolean;
  /** When that was, by `performance.now()`. */
  readonly endMs: number;
}

/** Where what becomes known of a call goes. */
export interface SpanTarget {
  /** It is there for as long as it is needed: the call may be described after the application has its answer. */
  readonly canWait: boolean;
  /** Nobody wants it: it is not sampled, or there is no SDK. False as long as that is not known. */
  readonly isUnwanted: boolean;
  /** Starts it, if it has not been. */
  start(): void;
  /** What the request itself runs in, so that spans of HTTP are children. */
  context(): Context;
  /** Once. */
  finish(outcome: CallOutcome): void;
  /** The identity of the span that has it, once it was finished. */
  identity(): SpanContext;
}

/** A span of ours. It is started when it is first needed, as of the time that its plan says. */
export class OwnSpan implements SpanTarget {
  readonly canWait = true;
  readonly #parent: Context;
  readonly #plan: () => SpanPlan | undefined;
  /** Null: nobody wants it. */
  #started: Span | null | undefined;

  /** Without a plan, there is nothing to make a span of. */
  constructor(parent: Context, plan: () => SpanPlan | undefined) {
    this.#parent = parent;
    this.#plan = plan;
  }

  get isUnwanted(): boolean {
    return this.#started === null;
  }

  start(): void {
    this.#span();
  }

  context(): Context {
    const span = this.#span();
    return span === null ? this.#parent : trace.setSpan(this.#parent, span);
  }

  finish(outcome: CallOutcome): void {
    const span = this.#span();
    if (span !== null) finishSpan(span, outcome);
  }

  identity(): SpanContext {
    return this.#span()?.spanContext() ?? INVALID_SPAN_CONTEXT;
  }

  #span(): Span | null {
    if (this.#started === undefined) {
      // Also when it cannot be started: then it is not tried again.
      this.#started = null;
      const start = (): Span | null => {
        const plan = this.#plan();
        return plan === undefined ? null : startSpan(this.#parent, plan);
      };
      this.#started = neverThrow("starting a span", start) ?? null;
    }
    return this.#started;
  }
}

/** Null when nobody wants it: it is not sampled, or there is no SDK. */
function startSpan(
  parent: Context,
  { tracer, name, attributes, links, startMs }: SpanPlan,
): Span | null {
  const span = tracer.startSpan(
    name,
    {
      kind: SpanKind.CLIENT,
      attributes,
      ...(links.length > 0 && { links: [...links] }),
      startTime: startMs,
    },
    parent,
  );
  return span.isRecording() ? span : null;
}

function finishSpan(span: Span, { attributes, errorType, endMs }: CallOutcome): void {
  try {
    span.setAttributes(attributes);
    // Only the type: messages of providers quote what they were asked.
    if (errorType !== undefined) {
      span.setAttribute("error.type", errorType);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
  } finally {
    // Whatever happens: a span that never ends is a call that was never made.
    span.end(endMs);
  }
}
