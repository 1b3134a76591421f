import type { CallJson } from "./call-json.ts";

type CsvValue = string | number | bigint | boolean | undefined;

/** Columns of the CSV export, in this order. New ones come at the end. */
const COLUMNS: Readonly<Record<string, (call: CallJson) => CsvValue>> = {
  started_at: (call) => call.startedAt.toISOString(),
  trace_id: (call) => call.traceId,
  span_id: (call) => call.spanId,
  service_name: (call) => call.serviceName,
  provider: (call) => call.provider,
  model: (call) => call.model,
  operation: (call) => call.operation,
  user_id: (call) => call.userId,
  status: (call) => call.status,
  error_type: (call) => call.errorType,
  is_billed: (call) => call.isBilled,
  cost_nano_usd: (call) => call.costNanoUsd,
  input_tokens: (call) => call.tokens.input,
  output_tokens: (call) => call.tokens.output,
  cache_read_tokens: (call) => call.tokens.cacheRead,
  cache_write_5m_tokens: (call) => call.tokens.cacheWrite5m,
  cache_write_1h_tokens: (call) => call.tokens.cacheWrite1h,
  reasoning_tokens: (call) => call.tokens.reasoning,
  usage_source: (call) => call.usageSource,
  latency_ms: (call) => call.latencyMs,
  ttft_ms: (call) => call.ttftMs,
  is_streaming: (call) => call.isStreaming,
  batch_id: (call) => call.batchId,
  record_ordinal: (call) => call.recordOrdinal,
};

/** RFC 4180: lines end in CR LF. */
export const csvHeader = (): string => `${Object.keys(COLUMNS).join(",")}\r\n`;

/** Unknown is an empty field. */
export function csvLine(call: CallJson): string {
  return `${Object.values(COLUMNS)
    .map((valueOf) => csvField(valueOf(call)))
    .join(",")}\r\n`;
}

/**
 * Text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection): names of
 * models and users come from whoever sends spans.
 */
function csvField(value: CsvValue): string {
  if (value === undefined) return "";
  const text = String(value);
  const harmless = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
