import type { Attributes, Tracer } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { expect } from "vitest";

export interface RecordedSpans {
  readonly tracer: Tracer;
  /** Those that have ended. */
  all(): readonly ReadableSpan[];
  /** Waits for the first `count` spans to end, and answers with the last of them. */
  last(count?: number): Promise<ReadableSpan & { readonly attributes: Attributes }>;
}

export function recordSpans(): RecordedSpans {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  return {
    tracer: provider.getTracer("test"),
    all: () => exporter.getFinishedSpans(),
    async last(count = 1) {
      await expect.poll(() => exporter.getFinishedSpans().length).toBe(count);
      return exporter.getFinishedSpans()[count - 1] as ReadableSpan;
    },
  };
}
