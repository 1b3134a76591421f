import type { BillRule } from "@lensai/otel-config/billing/bill-rule";
import { INHERITED_COLUMNS } from "@lensai/otel-config/billing/inherit-attribution";
import type { InheritedColumn } from "@lensai/otel-config/billing/inherit-attribution";
import type { UsageBasis, UsageSource } from "@lensai/otel-config/usage/usage";
import {
  NULL_CODE,
  RowBatch,
  addDictionaryEntry,
  setInt64,
  setPlain,
} from "@lensai/otel-config/span-row/row-batch";
import type { DictionaryColumn } from "@lensai/otel-config/span-row/row-batch";

/**
 * What is known better about a row since it landed: a verdict, the usage that a metric's point is billed for,
 * whose work it was. Of several on one row the latest that says something counts, for each of the three.
 */
export interface Correction {
  readonly projectId: string;
  /** Both name the row; rows of version 1 have no ordinal and are named by batch, trace and span. */
  readonly batchId: string;
  readonly recordOrdinal: number | undefined;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  /** Of the corrected row: where it is filed, in days since 1970-01-01, and when it started. */
  readonly day: number;
  readonly startMicros: number;
  readonly billed: boolean | undefined;
  /** Undefined where the verdict stays. */
  readonly billRule: BillRule | undefined;
  readonly shadowedBy: string | undefined;
  readonly metered?: Metered;
  /** By column; columns that the row fills itself stay as they are. */
  readonly inherited?: Readonly<Partial<Record<InheritedColumn, string>>>;
  readonly decidedMicros: number;
}

/** What a point of a metric is billed for. Counts are tokens, absent ones undefined. */
export interface Metered {
  readonly counts: Readonly<Partial<Record<MeteredColumn, number | undefined>>>;
  readonly usageSource: UsageSource;
  readonly usageBasis: UsageBasis | undefined;
  readonly usageRule: string;
  /** Undefined when unknown. */
  readonly costNanoUsd: bigint | undefined;
  readonly priceVersion: string | undefined;
}

export const METERED_COLUMNS = [
  "input_tokens",
  "output_tokens",
  "input_uncached_tokens",
  "cache_read_tokens",
  "cache_write_5m_tokens",
  "cache_write_1h_tokens",
  "reasoning_tokens",
] as const;

type MeteredColumn = (typeof METERED_COLUMNS)[number];

/** Columns of a metered point that are text or money. `usage_source` is set in all of them. */
export const METERED_FACTS: readonly string[] = [
  "usage_source",
  "usage_basis",
  "usage_rule",
  "cost_nano_usd",
  "price_version",
];

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

/** The columns that these corrections fill: most only give a verdict. */
export function correctionColumns(corrections: readonly Correction[]): readonly string[] {
  const isMetered = corrections.some(({ metered }) => metered !== undefined);
  const isInherited = corrections.some(({ inherited }) => inherited !== undefined);
  return [
    ...CORRECTION_COLUMNS,
    ...(isMetered ? [...METERED_COLUMNS, ...METERED_FACTS] : []),
    ...(isInherited ? INHERITED_COLUMNS : []),
  ];
}

/** Corrections in columns, by the row that they correct, so that the same ones make the same file. */
export function correctionBatch(corrections: readonly Correction[]): RowBatch {
  const batch = new RowBatch(corrections.length);
  const texts = new Map<DictionaryColumn, Map<string, number>>();
  const ordered = [...corrections].sort(
    (left, right) =>
      left.startMicros - right.startMicros ||
      compareText(left.batchId, right.batchId) ||
      (left.recordOrdinal ?? 0) - (right.recordOrdinal ?? 0) ||
      compareText(left.spanId ?? "", right.spanId ?? ""),
  );
  for (const [row, correction] of ordered.entries()) fillRow(batch, row, { correction, texts });
  batch.rowCount = ordered.length;
  return batch;
}

interface RowContent {
  readonly correction: Correction;
  readonly texts: Map<DictionaryColumn, Map<string, number>>;
}

function fillRow(batch: RowBatch, row: number, content: RowContent): void {
  const { correction } = content;
  const { traceId, spanId, shadowedBy, metered, billed } = correction;
  fillRepeating(batch, row, content);
  const ids = { trace_id: traceId, span_id: spanId, shadowed_by: shadowedBy };
  for (const [name, text] of Object.entries(ids)) {
    const column = batch.plain(name);
    if (text === undefined) column.starts[row] = NULL_CODE;
    else setPlain(column, row, encoder.encode(text));
  }
  const { recordOrdinal } = correction;
  if (recordOrdinal !== undefined) setInt64(batch.int64("record_ordinal"), row, recordOrdinal);
  setInt64(batch.int64("start_time"), row, correction.startMicros);
  setInt64(batch.int64("received_at"), row, correction.decidedMicros);
  for (const [name, count] of Object.entries(metered?.counts ?? {})) {
    if (count !== undefined) setInt64(batch.int64(name), row, count);
  }
  const { costNanoUsd } = metered ?? {};
  if (costNanoUsd !== undefined) setInt64(batch.int64("cost_nano_usd"), row, Number(costNanoUsd));
  const column = batch.bool("billed");
  column.values[row] = billed === true ? 1 : 0;
  column.valid[row] = billed === undefined ? 0 : 1;
  batch.days[row] = correction.day;
}

function fillRepeating(batch: RowBatch, row: number, { correction, texts }: RowContent): void {
  const { projectId, batchId, billRule, metered, inherited } = correction;
  const values: Readonly<Record<string, string | undefined>> = {
    project_id: projectId,
    batch_id: batchId,
    bill_rule: billRule,
    usage_source: metered?.usageSource,
    usage_basis: metered?.usageBasis,
    usage_rule: metered?.usageRule,
    price_version: metered?.priceVersion,
    ...inherited,
  };
  for (const [name, text] of Object.entries(values)) {
    if (text !== undefined) setRepeating(batch.dictionary(name), row, { text, texts });
  }
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
