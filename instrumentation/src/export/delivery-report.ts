import { ValueType } from "@opentelemetry/api";
import { millisToHrTime } from "@opentelemetry/core";
import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import type { Resource } from "@opentelemetry/resources";
import { AggregationTemporality, DataPointType } from "@opentelemetry/sdk-metrics";
import type { SumMetricData } from "@opentelemetry/sdk-metrics";
import { INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION } from "../spans/scope.ts";
import type { DeliveryCounts } from "./delivery-counts.ts";

/** When the counts began, and when they were read; Unix time in milliseconds. */
export interface CountedTime {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Counter {
  readonly name: string;
  readonly description: string;
  /** Attributes and their count. */
  readonly points: readonly (readonly [Readonly<Record<string, string>>, number])[];
}

/**
 * The counts in the words of the semantic conventions ("SDK metrics"): what was dropped before it was sent is the
 * processor's, what was sent in vain is the exporter's.
 */
export function sdkCounters({ delivered, failed, dropped }: DeliveryCounts): readonly Counter[] {
  const sent = [...failed.values()].reduce((sum, count) => sum + count, delivered);
  return [
    {
      name: "otel.sdk.processor.span.processed",
      description: "Spans that were handed on, or dropped for the reason in error.type.",
      points: pointsOf({ type: "batching_span_processor", good: sent, bad: dropped }),
    },
    {
      name: "otel.sdk.exporter.span.exported",
      description: "Spans that a receiver took, or refused for the reason in error.type.",
      points: pointsOf({ type: "otlp_http_span_exporter", good: delivered, bad: failed }),
    },
  ];
}

/** The counts as ExportMetricsServiceRequest in protobuf, of the process that `resource` describes. */
export function encodeReport(
  counts: DeliveryCounts,
  resource: Resource,
  { fromMs, toMs }: CountedTime,
): Uint8Array<ArrayBuffer> {
  const startTime = millisToHrTime(fromMs);
  const endTime = millisToHrTime(toMs);
  const metrics = sdkCounters(counts).map(({ name, description, points }): SumMetricData => ({
    descriptor: { name, description, unit: "{span}", valueType: ValueType.INT },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints: points.map(([attributes, value]) => ({ attributes, value, startTime, endTime })),
  }));
  const scope = { name: INSTRUMENTATION_SCOPE, version: INSTRUMENTATION_VERSION };
  const scopeMetrics = [{ scope, metrics }];
  return ProtobufMetricsSerializer.serializeRequest({
    resource,
    scopeMetrics,
  }) as Uint8Array<ArrayBuffer>;
}

function pointsOf({
  type,
  good,
  bad,
}: {
  type: string;
  good: number;
  bad: ReadonlyMap<string, number>;
}): Counter["points"] {
  const component = { "otel.component.type": type, "otel.component.name": `${type}/0` };
  const errors = Array.from(
    bad,
    ([errorType, count]) => [{ ...component, "error.type": errorType }, count] as const,
  );
  return [[component, good], ...errors];
}
