import type { BillRule } from "@lensai/otel-config/billing/bill-rule";
import {
  NULL_CODE,
  RowBatch,
  addDictionaryEntry,
  setInt64,
  setPlain,
} from "@lensai/otel-config/span-row/row-batch";
import type { DictionaryColumn } from "@lensai/otel-config/span-row/row-batch";

/** A new verdict on a row that has landed; of several on one row the latest counts. */
export interface Correction {
  readonly projectId: string;
  /** Both name the row. */
  readonly batchId: string;
  readonly recordOrdinal: number;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  /** Of the corrected row: where it is filed, in days since 1970-01-01, and when it started. */
  readonly day: number;
  readonly startMicros: number;
  readonly billed: boolean;
  readonly billRule: BillRule;
  readonly shadowedBy: string | undefined;
  readonly decidedMicros: number;
}

/** Columns of a file of corrections, by the columns of the span row that hold them on their way. */
export const CORRECTION_COLUMNS: readonly string[] = [
  "project_id",
  "batch_id",
  "record_ordinal",
  "trace_id",
  "span_id",
  "start_time",
  "billed",
  "bill_rule",
  "shadowed_by",
  "received_at",
];

/** Their names in the file, where they differ. */
export const CORRECTION_NAMES: Readonly<Record<string, string>> = { received_at: "decided_at" };

/** Corrections in columns, by the row that they correct, so that the same ones make the same file. */
export function correctionBatch(corrections: readonly Correction[]): RowBatch {
  const batch = new RowBatch(corrections.length);
  const texts = new Map<DictionaryColumn, Map<string, number>>();
  const ordered = [...corrections].sort(
    (left, right) =>
      left.startMicros - right.startMicros ||
      compareText(left.batchId, right.batchId) ||
      left.recordOrdinal - right.recordOrdinal,
  );
  for (const [row, correction] of ordered.entries()) fillRow(batch, row, { correction, texts });
  batch.rowCount = ordered.length;
  return batch;
}

interface RowContent {
  readonly correction: Correction;
  readonly texts: Map<DictionaryColumn, Map<string, number>>;
}

function fillRow(batch: RowBatch, row: number, { correction, texts }: RowContent): void {
  const repeating = { project_id: correction.projectId, batch_id: correction.batchId };
  for (const [name, text] of Object.entries({ ...repeating, bill_rule: correction.billRule })) {
    setRepeating(batch.dictionary(name), row, { text, texts });
  }
  const { traceId, spanId, shadowedBy } = correction;
  const ids = { trace_id: traceId, span_id: spanId, shadowed_by: shadowedBy };
  for (const [name, text] of Object.entries(ids)) {
    const column = batch.plain(name);
    if (text === undefined) column.starts[row] = NULL_CODE;
    else setPlain(column, row, encoder.encode(text));
  }
  setInt64(batch.int64("record_ordinal"), row, correction.recordOrdinal);
  setInt64(batch.int64("start_time"), row, correction.startMicros);
  setInt64(batch.int64("received_at"), row, correction.decidedMicros);
  const billed = batch.bool("billed");
  billed.values[row] = correction.billed ? 1 : 0;
  billed.valid[row] = 1;
  batch.days[row] = correction.day;
}

const encoder = new TextEncoder();

function setRepeating(
  column: DictionaryColumn,
  row: number,
  { text, texts }: { text: string; texts: Map<DictionaryColumn, Map<string, number>> },
): void {
  const codes = texts.get(column) ?? new Map<string, number>();
  texts.set(column, codes);
  const code = codes.get(text) ?? addDictionaryEntry(column, encoder.encode(text));
  codes.set(text, code);
  column.codes[row] = code;
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
