import { SpanKind, context, trace } from "@opentelemetry/api";
import type { Attributes, Span, Tracer } from "@opentelemetry/api";

/** What another instrumentation does: a span of the call, in which the call is made. */
export async function withSpanOf<T>(
  tracer: Tracer,
  attributes: Attributes,
  call: (span: Span) => Promise<T>,
): Promise<T> {
  const span = tracer.startSpan("other", { kind: SpanKind.CLIENT, attributes });
  try {
    return await context.with(trace.setSpan(context.active(), span), () => call(span));
  } finally {
    span.end();
  }
}
