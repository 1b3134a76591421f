import { CONTENT_KEY_COLUMNS, SPAN_COLUMNS } from "@lensai/otel-config/span-row/columns";
import { NULL_CODE, dictionaryEntry } from "@lensai/otel-config/span-row/row-batch";
import type { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import type { FileKind } from "./layout.ts";
import { isoFromMicros } from "./micros.ts";

/** The rows that become one file. */
export interface FilePart {
  readonly kind: FileKind;
  readonly day: number;
  /** Ascending. */
  readonly rows: Uint32Array;
}

const CONTENT_COLUMNS = SPAN_COLUMNS.filter(({ file }) => file === "content").map(
  ({ name }) => name,
);

/** The columns of each kind of file, in file order. */
export const FILE_COLUMNS: Readonly<Record<FileKind, readonly string[]>> = {
  spans: SPAN_COLUMNS.filter(({ file }) => file === "spans").map(({ name }) => name),
  content: [...CONTENT_KEY_COLUMNS, ...CONTENT_COLUMNS],
};

/** Splits a batch by day, and adds a content part for the rows of a day that have content. Ordered by day. */
export function splitRows(batch: RowBatch): FilePart[] {
  const parts: FilePart[] = [];
  for (const [day, rows] of rowsByDay(batch)) {
    parts.push({ kind: "spans", day, rows });
    const withContent = rowsWithContent(batch, rows);
    if (withContent.length > 0) parts.push({ kind: "content", day, rows: withContent });
  }
  return parts;
}

function rowsByDay({ days, rowCount }: RowBatch): [number, Uint32Array][] {
  const byDay = new Map<number, number[]>();
  for (let row = 0; row < rowCount; row += 1) {
    const day = days[row] as number;
    const rows = byDay.get(day);
    if (rows === undefined) byDay.set(day, [row]);
    else rows.push(row);
  }
  const ordered = [...byDay].sort(([left], [right]) => left - right);
  return ordered.map(([day, rows]) => [day, Uint32Array.from(rows)]);
}

function rowsWithContent(batch: RowBatch, rows: Uint32Array): Uint32Array {
  const columns = CONTENT_COLUMNS.map((name) => batch.plain(name));
  return rows.filter((row) => columns.some(({ starts }) => starts[row] !== NULL_CODE));
}

/** What a manifest says about the rows of a part. */
export function describeRows(
  batch: RowBatch,
  rows: Uint32Array,
): { rows: number; minStartTime: string; maxStartTime: string; projects: string[] } {
  const { values } = batch.int64("start_time");
  const { codes } = batch.dictionary("project_id");
  const projectCodes = new Set<number>();
  let least = values[rows[0] as number] as bigint;
  let most = least;
  for (const row of rows) {
    const time = values[row] as bigint;
    if (time < least) least = time;
    if (time > most) most = time;
    projectCodes.add(codes[row] as number);
  }
  return {
    rows: rows.length,
    minStartTime: isoFromMicros(least),
    maxStartTime: isoFromMicros(most),
    projects: projectNames(batch, projectCodes),
  };
}

function projectNames(batch: RowBatch, codes: ReadonlySet<number>): string[] {
  const column = batch.dictionary("project_id");
  const decoder = new TextDecoder();
  return [...codes].map((code) => decoder.decode(dictionaryEntry(column, code - 1))).sort();
}
