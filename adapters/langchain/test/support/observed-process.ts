import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { instrumentFetch } from "@lensai/instrumentation/fetch/instrument-fetch";
import { afterAll, beforeAll, beforeEach } from "vitest";

export interface ObservedProcess {
  /** Those that have ended since the test began. */
  spans(): readonly ReadableSpan[];
  /** `parent > child` for every span that has a parent, else its name; sorted. */
  tree(): readonly string[];
}

/** An application with an SDK and the instrumentation, as all tests of a file see it. */
export function observeProcess(): ObservedProcess {
  const exporter = new InMemorySpanExporter();
  const sdk = new NodeSDK({
    autoDetectResources: false,
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
    metricReaders: [],
    logRecordProcessors: [],
  });
  let restoreFetch: (() => void) | undefined;
  beforeAll(() => {
    sdk.start();
    restoreFetch = instrumentFetch();
  });
  afterAll(async () => {
    restoreFetch?.();
    await sdk.shutdown();
  });
  beforeEach(() => exporter.reset());
  const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans();
  return { spans, tree: () => treeOf(spans()) };
}

function treeOf(spans: readonly ReadableSpan[]): readonly string[] {
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  return spans
    .map(({ name, parentSpanContext }) => {
      if (parentSpanContext === undefined) return name;
      return `${names.get(parentSpanContext.spanId) ?? "?"} > ${name}`;
    })
    .sort();
}
