import { columnIndex } from "./columns.ts";
import { NULL_CODE, dictionaryEntry, plainValue } from "./row-batch.ts";
import type { DictionaryColumn, Int64Column, PlainColumn, RowBatch } from "./row-batch.ts";

/**
 * Of several rows of one span (a client that sends a span while it is open and again when it has ended) the
 * one with the newest end counts; of equal ends, the first.
 */

const PROJECT_COLUMN = columnIndex("project_id");
const TRACE_COLUMN = columnIndex("trace_id");
const SPAN_COLUMN = columnIndex("span_id");
const SIGNAL_COLUMN = columnIndex("signal");
const START_COLUMN = columnIndex("start_unix_nano");
const DURATION_COLUMN = columnIndex("duration_ns");

/** The length word before a value of a plain column. */
const LENGTH_WORD_BYTES = 4;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** End of a row in nanoseconds; the start when it has no duration. */
export function endUnixNano(batch: RowBatch, row: number): bigint {
  const duration = batch.columns[DURATION_COLUMN] as Int64Column;
  const start = (batch.columns[START_COLUMN] as Int64Column).values[row] as bigint;
  return duration.valid[row] === 0 ? start : start + (duration.values[row] as bigint);
}

/** The newest row of a span, found from the end of the batch; ids in lower-case hex. */
export function findSpanRow(
  batch: RowBatch,
  wanted: { project: string; trace: string; span: string },
): number | undefined {
  const spans = batch.columns[SPAN_COLUMN] as PlainColumn;
  const span = encoder.encode(wanted.span);
  for (let row = batch.rowCount - 1; row >= 0; row -= 1) {
    if (!holds(spans, row, span)) continue;
    const key = spanKey(batch, row);
    if (key?.trace === wanted.trace && key.project === wanted.project) return row;
  }
  return undefined;
}

/** Compares in place: most rows differ in the first bytes. */
function holds({ starts, bytes }: PlainColumn, row: number, text: Uint8Array): boolean {
  const start = starts[row] as number;
  if (start === NULL_CODE) return false;
  const at = start - 1 + LENGTH_WORD_BYTES;
  for (let i = 0; i < text.length; i += 1) if (bytes[at + i] !== text[i]) return false;
  return true;
}

interface SpanKey {
  readonly project: string;
  readonly trace: string;
  readonly span: string;
}

/** What names a span across rows; undefined for rows that are no span. */
function spanKey(batch: RowBatch, row: number): SpanKey | undefined {
  const signal = batch.columns[SIGNAL_COLUMN] as DictionaryColumn;
  const trace = plainValue(batch.columns[TRACE_COLUMN] as PlainColumn, row);
  const span = plainValue(batch.columns[SPAN_COLUMN] as PlainColumn, row);
  const projects = batch.columns[PROJECT_COLUMN] as DictionaryColumn;
  if (textOf(signal, row) !== "span") return undefined;
  return {
    project: textOf(projects, row),
    trace: decoder.decode(trace),
    span: decoder.decode(span),
  };
}

function textOf(column: DictionaryColumn, row: number): string {
  const code = column.codes[row] as number;
  return code === NULL_CODE ? "" : decoder.decode(dictionaryEntry(column, code - 1));
}

/** The rows of a batch that another row of the same span replaces. */
export function replacedRows(batch: RowBatch): Set<number> {
  const newest = new Map<string, number>();
  const replaced = new Set<number>();
  for (let row = 0; row < batch.rowCount; row += 1) {
    const span = spanKey(batch, row);
    if (span === undefined) continue;
    const key = `${span.project}\n${span.trace}\n${span.span}`;
    const before = newest.get(key);
    if (before === undefined || endUnixNano(batch, row) > endUnixNano(batch, before)) {
      newest.set(key, row);
      if (before !== undefined) replaced.add(before);
    } else replaced.add(row);
  }
  return replaced;
}
