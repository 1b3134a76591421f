import type { CallRecord, SpanLink } from "@lensai/otel-config/billing/call-record";
import type { Correction } from "@lensai/analytics/corrections/correction";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { appendRow, readRow } from "@lensai/otel-config/span-row/span-row";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { BatchBilling } from "../../src/billing/batch-billing.ts";
import type { WindowLimits } from "../../src/billing/call-window.ts";

const DAY_MICROS = 86_400_000_000;
const NANOS_PER_MICRO = 1000n;
const ROLES = { call: "inference", agent: "agent", step: "chain" } as const;

/** An id of so many hex digits for any short text, the same every time. */
export function hexId(text: string, digits: number): string {
  return Buffer.from(text).toString("hex").padStart(digits, "f");
}

/** The row of which `record` is what billing sees. */
export function rowOf(record: CallRecord, ordinal: number): SpanRow {
  const { usage } = record;
  const [model] = record.models;
  return {
    ...placed(record.project, ordinal),
    ...timesOf(record),
    ...idsOf(record),
    signal: record.signal,
    service_name: String(record.service),
    scope_name: String(record.scope),
    call_role: ROLES[record.part],
    // Without a model only its usage tells that it is a call.
    request_model: orNull(model ?? (usage.source === "none" ? "?" : undefined)),
    response_id: orNull(record.responseId),
    usage_source: usage.source === "none" ? null : usage.source,
    input_tokens: BigInt(usage.input ?? 0),
    output_tokens: BigInt(usage.output ?? 0),
    tool_use_prompt_tokens: usage.toolUsePrompt === 0 ? null : BigInt(usage.toolUsePrompt),
    cache_read_tokens: usage.cached === 0 ? null : BigInt(usage.cached),
    audio_input_tokens: usage.partCount > 0 ? 0n : null,
    audio_output_tokens: usage.partCount > 1 ? 0n : null,
    cost_nano_usd: usage.isPriced ? 1n : null,
  };
}

function orNull(key: string | number | undefined): string | null {
  return key === undefined ? null : String(key);
}

function timesOf({ signal, startMicros, endMicros }: CallRecord): SpanRow {
  const start = BigInt(startMicros);
  const duration = (BigInt(endMicros) - start) * NANOS_PER_MICRO;
  return {
    start_time: start,
    start_unix_nano: start * NANOS_PER_MICRO,
    duration_ns: signal === "log" ? null : duration,
  };
}

const hex = (key: string | number | undefined, digits: number): string | null =>
  key === undefined ? null : hexId(String(key), digits);

function idsOf({ signal, trace, span, parent }: CallRecord): SpanRow {
  const isLog = signal === "log";
  return {
    trace_id: hex(trace, 32),
    span_id: hex(isLog ? parent : span, 16),
    parent_span_id: isLog ? null : hex(parent, 16),
  };
}

/** The row of a span that is no record; `name` is "trace span". */
export function linkRow(name: string, { parent, isBoundary }: SpanLink, ordinal: number): SpanRow {
  const [trace = "", span = ""] = name.split(" ");
  return {
    ...placed("p", ordinal),
    trace_id: hexId(trace, 32),
    span_id: hexId(span, 16),
    parent_span_id: parent === undefined ? null : hexId(String(parent), 16),
    start_time: 1_795_462_288_000_000n,
    start_unix_nano: 1_795_462_288_000_000_000n,
    signal: "span",
    call_role: isBoundary ? "tool" : "other",
  };
}

function placed(project: string | number, ordinal: number): SpanRow {
  return {
    project_id: String(project),
    batch_id: hexId("batch", 32),
    record_ordinal: BigInt(ordinal),
    received_at: 1_795_462_289_000_000n,
  };
}

export function batchOf(rows: readonly SpanRow[]): RowBatch {
  const batch = new RowBatch(Math.max(1, rows.length));
  for (const row of rows) {
    appendRow(batch, row, Math.floor(Number(row["start_time"]) / DAY_MICROS));
  }
  return batch;
}

/** What readers see after the batches have landed one by one: "rule -> span id", by ordinal. */
export function verdictsAfter(
  batches: readonly (readonly SpanRow[])[],
  limits?: WindowLimits,
): ReadonlyMap<number, string> {
  const billing = new BatchBilling(limits);
  const verdicts = new Map<number, string>();
  for (const [number, rows] of batches.entries()) {
    const batch = batchOf(rows);
    const corrections = billing.bill(batch, 1_795_462_289_000 + number);
    for (let row = 0; row < batch.rowCount; row += 1) {
      const landed = readRow(batch, row);
      const { record_ordinal: ordinal, bill_rule: rule, shadowed_by: shadowedBy } = landed;
      verdicts.set(Number(ordinal), textOf(landed["billed"] === true, rule, shadowedBy));
    }
    for (const each of corrections)
      verdicts.set(Number(each.recordOrdinal), textOfCorrection(each));
  }
  return verdicts;
}

function textOfCorrection({ billed, billRule, shadowedBy }: Correction): string {
  return textOf(billed === true, billRule, shadowedBy ?? null);
}

export function textOf(billed: boolean, rule: unknown, shadowedBy: unknown): string {
  return `${billed ? "billed" : "not billed"}: ${String(rule)} -> ${String(shadowedBy)}`;
}
