import { otlpRoot } from "@lensai/collector/receiver/proto/otlp";
import type { AttributeValue, Attributes, SeedSpan, SeedTrace, Service } from "./span.ts";

const SPAN_KINDS = { internal: 1, server: 2, client: 3 } as const;
const STATUS_ERROR = 2;

/** Traces as one OTLP ExportTraceServiceRequest, protobuf: one ResourceSpans per service. */
export function encodeTraces(traces: readonly SeedTrace[]): Uint8Array {
  const request = otlpRoot().lookupType("opentelemetry.proto.ExportTraceServiceRequest");
  const byService = Map.groupBy(traces, (trace) => trace.service);
  const resourceSpans = [...byService].map(([service, ofService]) => ({
    resource: { attributes: keyValues(resourceAttributes(service)) },
    scopeSpans: [
      {
        scope: { name: service.emitter.scopeName, version: service.emitter.scopeVersion },
        spans: ofService.flatMap((trace) => trace.spans.map(spanMessage)),
      },
    ],
  }));
  return request.encode(request.create({ resourceSpans })).finish();
}

function resourceAttributes(service: Service): Attributes {
  return {
    "service.name": service.name,
    "service.version": service.version,
    "deployment.environment.name": service.environment,
    "telemetry.sdk.name": "opentelemetry",
  };
}

function spanMessage(span: SeedSpan): Record<string, unknown> {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId && { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: SPAN_KINDS[span.kind],
    startTimeUnixNano: long(span.startUnixNano),
    endTimeUnixNano: long(span.startUnixNano + span.durationNs),
    attributes: keyValues({
      ...span.attributes,
      ...(span.error && { "error.type": span.error.type }),
    }),
    ...(span.error && { status: { code: STATUS_ERROR, message: span.error.message } }),
  };
}

function keyValues(attributes: Attributes): { key: string; value: unknown }[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: anyValue(value) }],
  );
}

function anyValue(value: AttributeValue): Record<string, unknown> {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return { intValue: value };
  if ("float" in value) return { doubleValue: value.float };
  return { arrayValue: { values: value.map((text) => ({ stringValue: text })) } };
}

const LOW_32_BITS = 0xffff_ffffn;

/** The pair of 32-bit halves that protobufjs writes as fixed64. */
function long(value: bigint): { low: number; high: number; unsigned: boolean } {
  return { low: Number(value & LOW_32_BITS) | 0, high: Number(value >> 32n) | 0, unsigned: true };
}
