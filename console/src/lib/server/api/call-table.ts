import type { TableColumn } from "@lensai/analytics/parquet/stream-parquet";
import type { CallLine } from "@lensai/analytics/queries/newest-calls";
import { csvRow } from "../../csv.ts";
import type { CsvValue } from "../../csv.ts";

const text = (name: string, valueOf: (call: CallLine) => string | undefined) =>
  ({ name, type: "text", valueOf }) as const;
const amount = (name: string, valueOf: (call: CallLine) => bigint | undefined) =>
  ({ name, type: "int64", valueOf }) as const;
const count = (name: string, valueOf: (call: CallLine) => number | undefined) =>
  amount(name, (call) => {
    const value = valueOf(call);
    return value === undefined ? undefined : BigInt(value);
  });
const fraction = (name: string, valueOf: (call: CallLine) => number | undefined) =>
  ({ name, type: "double", valueOf }) as const;
const flag = (name: string, valueOf: (call: CallLine) => boolean | undefined) =>
  ({ name, type: "bool", valueOf }) as const;

const NANOS_PER_MICRO = 1000n;
const MICROS_PER_MS = 1000n;

/** Columns of a table of calls, in this order, as CSV and as Parquet. New ones come at the end. */
export const CALL_COLUMNS: readonly TableColumn<CallLine>[] = [
  {
    name: "started_at",
    type: "timestamp",
    valueOf: ({ startUnixNano }) => startUnixNano / NANOS_PER_MICRO,
  },
  text("trace_id", (call) => call.traceId),
  text("span_id", (call) => call.spanId),
  text("service_name", (call) => call.serviceName),
  text("provider", (call) => call.provider),
  text("model", (call) => call.model),
  text("operation", (call) => call.operation),
  text("user_id", (call) => call.userId),
  text("status", (call) => call.status),
  text("error_type", (call) => call.errorType),
  flag("is_billed", (call) => call.isBilled),
  amount("cost_nano_usd", (call) => call.costNanoUsd),
  count("input_tokens", (call) => call.tokens.input),
  count("output_tokens", (call) => call.tokens.output),
  count("cache_read_tokens", (call) => call.tokens.cacheRead),
  count("cache_write_5m_tokens", (call) => call.tokens.cacheWrite5m),
  count("cache_write_1h_tokens", (call) => call.tokens.cacheWrite1h),
  count("reasoning_tokens", (call) => call.tokens.reasoning),
  text("usage_source", (call) => call.usageSource),
  fraction("latency_ms", (call) => call.latencyMs),
  fraction("ttft_ms", (call) => call.ttftMs),
  flag("is_streaming", (call) => call.isStreaming),
  text("batch_id", (call) => call.batchId),
  amount("record_ordinal", (call) => call.recordOrdinal),
  text("usage_rule", (call) => call.usageRule),
  text("signal", (call) => call.signal),
  count("input_uncached_tokens", (call) => call.tokens.inputUncached),
  amount("start_unix_nano", (call) => call.startUnixNano),
];

export const csvHeader = (): string => csvRow(CALL_COLUMNS.map(({ name }) => name));

export const csvLine = (call: CallLine): string =>
  csvRow(CALL_COLUMNS.map((column) => csvValue(column, call)));

function csvValue(column: TableColumn<CallLine>, call: CallLine): CsvValue {
  if (column.type !== "timestamp") return column.valueOf(call);
  const micros = column.valueOf(call);
  return micros === undefined ? undefined : new Date(Number(micros / MICROS_PER_MS)).toISOString();
}
