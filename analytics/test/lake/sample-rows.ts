import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { appendRow } from "@lensai/otel-config/span-row/span-row";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";

export const DAY_MICROS = 86_400_000_000n;

export interface SampleRow {
  readonly project?: string;
  /** Also what tells rows apart. */
  readonly spanId: string;
  readonly day: number;
  /** Within the day. */
  readonly micros?: bigint;
  readonly prompt?: string;
}

export function sampleBatch(rows: readonly SampleRow[]): RowBatch {
  const batch = new RowBatch(Math.max(rows.length, 1));
  for (const row of rows) appendRow(batch, sampleRow(row), row.day);
  return batch;
}

function sampleRow({
  project = "project-a",
  spanId,
  day,
  micros = 0n,
  prompt,
}: SampleRow): SpanRow {
  const startTime = BigInt(day) * DAY_MICROS + micros;
  return {
    project_id: project,
    trace_id: spanId.padStart(32, "0"),
    span_id: spanId.padStart(16, "0"),
    batch_id: "b".repeat(32),
    start_time: startTime,
    start_unix_nano: startTime * 1000n,
    received_at: startTime,
    signal: "span",
    ...(prompt === undefined ? {} : { input_messages: prompt }),
  };
}
