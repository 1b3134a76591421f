import type { Attributes, Tracer } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { expect } from "vitest";
import { INSTRUMENTATION_SCOPE } from "../../src/spans/scope.ts";

export interface RecordedSpans {
  readonly tracer: Tracer;
  /** That of another instrumentation. */
  readonly other: Tracer;
  /** Those that have ended. */
  all(): readonly ReadableSpan[];
  /** Waits for the first `count` spans to end, and answers with the last of them. */
  last(count?: number): Promise<ReadableSpan & { readonly attributes: Attributes }>;
}

export function recordSpans(): RecordedSpans {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  return {
    tracer: provider.getTracer(INSTRUMENTATION_SCOPE),
    other: provider.getTracer("other"),
    all: () => exporter.getFinishedSpans(),
    async last(count = 1) {
      await expect.poll(() => exporter.getFinishedSpans().length).toBe(count);
      return exporter.getFinishedSpans()[count - 1] as ReadableSpan;
    },
  };
}
