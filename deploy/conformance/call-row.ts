import type { RowValue, SpanRow } from "@lensai/otel-config/span-row/span-row";

/** What a verdict needs of a landed row. Counts are numbers, times Unix ms, absent is undefined. */
export interface CallRow {
  readonly signal: string | undefined;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly parentSpanId: string | undefined;
  readonly scope: string;
  readonly name: string | undefined;
  readonly status: string | undefined;
  readonly dialect: string | undefined;
  readonly role: string | undefined;
  readonly requestModel: string | undefined;
  readonly responseModel: string | undefined;
  readonly responseId: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
  readonly input: number | undefined;
  readonly inputUncached: number | undefined;
  readonly output: number | undefined;
  readonly cacheRead: number | undefined;
  readonly cacheWrite: number | undefined;
  readonly cacheWrite1h: number | undefined;
  readonly reasoning: number | undefined;
  readonly basis: string | undefined;
  readonly source: string | undefined;
  readonly usageRule: string | undefined;
  readonly hasCost: boolean;
  readonly billed: boolean;
  readonly billRule: string | undefined;
  readonly shadowedBy: string | undefined;
}

export function callRowOf(row: SpanRow): CallRow {
  const value = (name: string): RowValue | undefined => row[name];
  const text = (name: string): string | undefined => {
    const found = value(name);
    return typeof found === "string" ? found : undefined;
  };
  const count = (name: string): number | undefined => {
    const found = value(name);
    return typeof found === "bigint" ? Number(found) : undefined;
  };
  const startMs = Number(value("start_unix_nano") ?? 0n) / 1e6;
  return {
    signal: text("signal"),
    traceId: text("trace_id"),
    spanId: text("span_id"),
    parentSpanId: text("parent_span_id"),
    scope: [text("scope_name"), text("scope_version")].filter(Boolean).join("@"),
    name: text("span_name"),
    status: text("status"),
    dialect: text("dialect"),
    role: text("call_role"),
    requestModel: text("request_model"),
    responseModel: text("response_model"),
    responseId: text("response_id"),
    startMs,
    endMs: startMs + (count("duration_ns") ?? 0) / 1e6,
    input: count("input_tokens"),
    inputUncached: count("input_uncached_tokens"),
    output: count("output_tokens"),
    cacheRead: count("cache_read_tokens"),
    cacheWrite: sum(count("cache_write_5m_tokens"), count("cache_write_1h_tokens")),
    cacheWrite1h: count("cache_write_1h_tokens"),
    reasoning: count("reasoning_tokens"),
    basis: text("usage_basis"),
    source: text("usage_source"),
    usageRule: text("usage_rule"),
    hasCost: typeof value("cost_nano_usd") === "bigint",
    billed: value("billed") === true,
    billRule: text("bill_rule"),
    shadowedBy: text("shadowed_by"),
  };
}

function sum(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined && right === undefined ? undefined : (left ?? 0) + (right ?? 0);
}

const MODEL_CALLS: ReadonlySet<string> = new Set(
  "inference embedding rerank image audio".split(" "),
);

export function isModelCallRow({ role }: CallRow): boolean {
  return role !== undefined && MODEL_CALLS.has(role);
}
