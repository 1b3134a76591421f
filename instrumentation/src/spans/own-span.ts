import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Attributes, Context, Link, Span, SpanContext, Tracer } from "@opentelemetry/api";

/** A span of ours, before there is one. */
export interface SpanPlan {
  readonly tracer: Tracer;
  readonly name: string;
  readonly attributes: Attributes;
  readonly links: readonly Link[];
  /** The context that the call was made in. */
  readonly parent: Context;
}

/** How a call ended, in the words of its span. */
export interface CallOutcome {
  readonly attributes: Attributes;
  /** What kind of error it ended in, if it did. */
  readonly errorType?: string | undefined;
  /** Its answer was read to the end, and said all that it had to say. */
  readonly isWhole: boolean;
  /** When that was, by `performance.now()`; now when absent. */
  readonly endMs?: number | undefined;
}

/** Where what becomes known of a call goes. */
export interface SpanTarget {
  /** It is there for as long as it is needed: the call may be described after the application has its answer. */
  readonly canWait: boolean;
  /** What the request itself runs in, so that spans of HTTP are children. */
  context(): Context;
  /** Once. */
  finish(outcome: CallOutcome): void;
  /** The identity of the span that has it, once it was finished. */
  identity(): SpanContext;
}

/** A span of ours; undefined when nobody wants it: it is not sampled, or there is no SDK. */
export function startOwnSpan(plan: SpanPlan, startTimeMs?: number): SpanTarget | undefined {
  const span = plan.tracer.startSpan(
    plan.name,
    {
      kind: SpanKind.CLIENT,
      attributes: plan.attributes,
      ...(plan.links.length > 0 && { links: [...plan.links] }),
      ...(startTimeMs !== undefined && { startTime: startTimeMs }),
    },
    plan.parent,
  );
  if (!span.isRecording()) return undefined;
  return {
    canWait: true,
    context: () => trace.setSpan(plan.parent, span),
    finish: (outcome) => finishSpan(span, outcome),
    identity: () => span.spanContext(),
  };
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
