/**
 * OTLP/JSON as data: per message, which key holds which protobuf field. The keys are the proto names in
 * snake_case; `json-to-protobuf.ts` accepts both spellings. Field numbers: opentelemetry-proto 1.11.
 */

export type FieldKind =
  | "text"
  /** Trace and span ids: hex. */
  | "id"
  | "base64"
  | "bool"
  | "int32"
  | "sint32"
  | "fixed32"
  | "fixed64"
  | "double"
  /** A double for which null means NaN, not "absent". */
  | "double-or-nan"
  /** int64 of an AnyValue: a fraction is kept as the double next to it. */
  | "any-int"
  | "packed-double"
  | "packed-fixed64"
  | "packed-uint64"
  | "enum"
  | "message"
  | "messages"
  | "texts"
  | "key-values"
  | "any-value"
  | "any-values";

export interface FieldSpec {
  readonly key: string;
  readonly number: number;
  readonly kind: FieldKind;
  /** For message, messages, key-values, any-value and any-values. */
  readonly message?: string;
  /** For enum: value names by number. */
  readonly names?: readonly string[];
}

const SPAN_KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"].map(
  (name) => `SPAN_KIND_${name}`,
);
const STATUS_CODES = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];
const TEMPORALITIES = ["UNSPECIFIED", "DELTA", "CUMULATIVE"].map(
  (name) => `AGGREGATION_TEMPORALITY_${name}`,
);
const SEVERITIES = [
  "SEVERITY_NUMBER_UNSPECIFIED",
  ...["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].flatMap((name) =>
    ["", "2", "3", "4"].map((step) => `SEVERITY_NUMBER_${name}${step}`),
  ),
];

const field = (key: string, number: number, kind: FieldKind): FieldSpec => ({ key, number, kind });
const one = (key: string, number: number, message: string): FieldSpec => ({
  key,
  number,
  kind: "message",
  message,
});
const many = (key: string, number: number, message: string): FieldSpec => ({
  key,
  number,
  kind: "messages",
  message,
});
const named = (key: string, number: number, names: readonly string[]): FieldSpec => ({
  key,
  number,
  kind: "enum",
  names,
});
const keyValues = (key: string, number: number): FieldSpec => ({
  key,
  number,
  kind: "key-values",
  message: "KeyValue",
});
const anyValue = (key: string, number: number): FieldSpec => ({
  key,
  number,
  kind: "any-value",
  message: "AnyValue",
});
const dropped = (number: number, what = "attributes"): FieldSpec =>
  field(`dropped_${what}_count`, number, "int32");
const schemaUrl = field("schema_url", 3, "text");
const resource = one("resource", 1, "Resource");
const scope = one("scope", 1, "Scope");

/** Fields by message name. */
export const MESSAGE_FIELDS: Readonly<Record<string, readonly FieldSpec[]>> = {
  TraceRequest: [many("resource_spans", 1, "ResourceSpans")],
  LogsRequest: [many("resource_logs", 1, "ResourceLogs")],
  MetricsRequest: [many("resource_metrics", 1, "ResourceMetrics")],
  ResourceSpans: [resource, many("scope_spans", 2, "ScopeSpans"), schemaUrl],
  ResourceLogs: [resource, many("scope_logs", 2, "ScopeLogs"), schemaUrl],
  ResourceMetrics: [resource, many("scope_metrics", 2, "ScopeMetrics"), schemaUrl],
  ScopeSpans: [scope, many("spans", 2, "Span"), schemaUrl],
  ScopeLogs: [scope, many("log_records", 2, "LogRecord"), schemaUrl],
  ScopeMetrics: [scope, many("metrics", 2, "Metric"), schemaUrl],
  Resource: [keyValues("attributes", 1), dropped(2), many("entity_refs", 3, "EntityRef")],
  EntityRef: [
    field("schema_url", 1, "text"),
    field("type", 2, "text"),
    field("id_keys", 3, "texts"),
    field("description_keys", 4, "texts"),
  ],
  Scope: [
    field("name", 1, "text"),
    field("version", 2, "text"),
    keyValues("attributes", 3),
    dropped(4),
  ],
  KeyValue: [field("key", 1, "text"), anyValue("value", 2), field("key_strindex", 3, "int32")],
  AnyValue: [
    field("string_value", 1, "text"),
    field("bool_value", 2, "bool"),
    field("int_value", 3, "any-int"),
    field("double_value", 4, "double-or-nan"),
    one("array_value", 5, "ArrayValue"),
    one("kvlist_value", 6, "KeyValueList"),
    field("bytes_value", 7, "base64"),
    field("string_value_strindex", 8, "int32"),
  ],
  ArrayValue: [{ ...anyValue("values", 1), kind: "any-values" }],
  KeyValueList: [keyValues("values", 1)],
  Span: [
    field("trace_id", 1, "id"),
    field("span_id", 2, "id"),
    field("trace_state", 3, "text"),
    field("parent_span_id", 4, "id"),
    field("name", 5, "text"),
    named("kind", 6, SPAN_KINDS),
    field("start_time_unix_nano", 7, "fixed64"),
    field("end_time_unix_nano", 8, "fixed64"),
    keyValues("attributes", 9),
    dropped(10),
    many("events", 11, "SpanEvent"),
    dropped(12, "events"),
    many("links", 13, "SpanLink"),
    dropped(14, "links"),
    one("status", 15, "SpanStatus"),
    field("flags", 16, "fixed32"),
  ],
  SpanEvent: [
    field("time_unix_nano", 1, "fixed64"),
    field("name", 2, "text"),
    keyValues("attributes", 3),
    dropped(4),
  ],
  SpanLink: [
    field("trace_id", 1, "id"),
    field("span_id", 2, "id"),
    field("trace_state", 3, "text"),
    keyValues("attributes", 4),
    dropped(5),
    field("flags", 6, "fixed32"),
  ],
  SpanStatus: [field("message", 2, "text"), named("code", 3, STATUS_CODES)],
  LogRecord: [
    field("time_unix_nano", 1, "fixed64"),
    named("severity_number", 2, SEVERITIES),
    field("severity_text", 3, "text"),
    anyValue("body", 5),
    keyValues("attributes", 6),
    dropped(7),
    field("flags", 8, "fixed32"),
    field("trace_id", 9, "id"),
    field("span_id", 10, "id"),
    field("observed_time_unix_nano", 11, "fixed64"),
    field("event_name", 12, "text"),
  ],
  Metric: [
    field("name", 1, "text"),
    field("description", 2, "text"),
    field("unit", 3, "text"),
    one("gauge", 5, "Gauge"),
    one("sum", 7, "Sum"),
    one("histogram", 9, "Histogram"),
    one("exponential_histogram", 10, "ExponentialHistogram"),
    one("summary", 11, "Summary"),
    keyValues("metadata", 12),
  ],
  Gauge: [many("data_points", 1, "NumberDataPoint")],
  Sum: [
    many("data_points", 1, "NumberDataPoint"),
    named("aggregation_temporality", 2, TEMPORALITIES),
    field("is_monotonic", 3, "bool"),
  ],
  Histogram: [
    many("data_points", 1, "HistogramDataPoint"),
    named("aggregation_temporality", 2, TEMPORALITIES),
  ],
  ExponentialHistogram: [
    many("data_points", 1, "ExponentialHistogramDataPoint"),
    named("aggregation_temporality", 2, TEMPORALITIES),
  ],
  Summary: [many("data_points", 1, "SummaryDataPoint")],
  NumberDataPoint: [
    field("start_time_unix_nano", 2, "fixed64"),
    field("time_unix_nano", 3, "fixed64"),
    field("as_double", 4, "double-or-nan"),
    many("exemplars", 5, "Exemplar"),
    field("as_int", 6, "fixed64"),
    keyValues("attributes", 7),
    field("flags", 8, "int32"),
  ],
  HistogramDataPoint: [
    field("start_time_unix_nano", 2, "fixed64"),
    field("time_unix_nano", 3, "fixed64"),
    field("count", 4, "fixed64"),
    field("sum", 5, "double"),
    field("bucket_counts", 6, "packed-fixed64"),
    field("explicit_bounds", 7, "packed-double"),
    many("exemplars", 8, "Exemplar"),
    keyValues("attributes", 9),
    field("flags", 10, "int32"),
    field("min", 11, "double"),
    field("max", 12, "double"),
  ],
  ExponentialHistogramDataPoint: [
    keyValues("attributes", 1),
    field("start_time_unix_nano", 2, "fixed64"),
    field("time_unix_nano", 3, "fixed64"),
    field("count", 4, "fixed64"),
    field("sum", 5, "double"),
    field("scale", 6, "sint32"),
    field("zero_count", 7, "fixed64"),
    one("positive", 8, "Buckets"),
    one("negative", 9, "Buckets"),
    field("flags", 10, "int32"),
    many("exemplars", 11, "Exemplar"),
    field("min", 12, "double"),
    field("max", 13, "double"),
    field("zero_threshold", 14, "double"),
  ],
  Buckets: [field("offset", 1, "sint32"), field("bucket_counts", 2, "packed-uint64")],
  SummaryDataPoint: [
    field("start_time_unix_nano", 2, "fixed64"),
    field("time_unix_nano", 3, "fixed64"),
    field("count", 4, "fixed64"),
    field("sum", 5, "double"),
    many("quantile_values", 6, "ValueAtQuantile"),
    keyValues("attributes", 7),
    field("flags", 8, "int32"),
  ],
  ValueAtQuantile: [field("quantile", 1, "double"), field("value", 2, "double-or-nan")],
  Exemplar: [
    field("time_unix_nano", 2, "fixed64"),
    field("as_double", 3, "double-or-nan"),
    field("span_id", 4, "id"),
    field("trace_id", 5, "id"),
    field("as_int", 6, "fixed64"),
    keyValues("filtered_attributes", 7),
  ],
};
