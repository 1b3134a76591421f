import type { Tracer } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { createSpanDelivery } from "../../src/export/create-span-delivery.ts";
import { readExportSettings } from "../../src/export/export-settings.ts";
import type { ExportSettings } from "../../src/export/export-settings.ts";
import type { SpanDelivery } from "../../src/export/span-delivery.ts";

export interface Delivering {
  readonly delivery: SpanDelivery;
  readonly tracer: Tracer;
  /** Makes spans with these names, that have ended. */
  readonly make: (...names: readonly string[]) => void;
  /** Every span that was made has one fate: sent in vain or not, dropped, on disk, or still here. */
  accountedFor(): number;
}

/** An SDK whose spans go to `url`, with a batch for each span unless `more` says otherwise. */
export function deliverTo(url: string, more: Partial<ExportSettings> = {}): Delivering {
  const settings = readExportSettings({}, () => {});
  const tracesUrl = `${url}/v1/traces`;
  return traced(
    createSpanDelivery({ ...settings, tracesUrl, batchSpansMax: 1, timeoutMs: 300, ...more }),
  );
}

export function traced(delivery: SpanDelivery): Delivering {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "delivering" }),
    spanProcessors: [delivery],
  });
  const tracer = provider.getTracer("test");
  return {
    delivery,
    tracer,
    make(...names) {
      for (const name of names) tracer.startSpan(name).end();
    },
    accountedFor() {
      const { delivered, lost, spilled } = delivery.counts;
      return delivered + lost + spilled + delivery.waiting;
    },
  };
}
