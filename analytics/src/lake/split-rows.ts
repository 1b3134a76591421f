import { CONTENT_KEY_COLUMNS, SPAN_COLUMNS } from "@lensai/otel-config/span-row/columns";
import { NULL_CODE, dictionaryEntry } from "@lensai/otel-config/span-row/row-batch";
import type { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { replacedRows } from "@lensai/otel-config/span-row/replaced-rows";
import { correctionBatch, correctionColumns } from "../corrections/correction.ts";
import type { Correction } from "../corrections/correction.ts";
import type { FileKind } from "./layout.ts";
import { isoFromMicros } from "./micros.ts";

/** The rows that become one file. */
export interface FilePart {
  readonly kind: FileKind;
  readonly batch: RowBatch;
  readonly day: number;
  /** Ascending. */
  readonly rows: Uint32Array;
  readonly columns: readonly string[];
}

const CONTENT_COLUMNS = SPAN_COLUMNS.filter(({ file }) => file === "content").map(
  ({ name }) => name,
);

/** The columns of files of rows, in file order. */
const FILE_COLUMNS: Readonly<Record<Exclude<FileKind, "corrections">, readonly string[]>> = {
  spans: SPAN_COLUMNS.filter(({ file }) => file === "spans").map(({ name }) => name),
  content: [...CONTENT_KEY_COLUMNS, ...CONTENT_COLUMNS],
};

/** Splits a batch by day, and adds a content part for the rows of a day that have content. Ordered by day. */
export function splitRows(batch: RowBatch): FilePart[] {
  const parts: FilePart[] = [];
  if (batch.rowCount === 0) return parts;
  for (const [day, rows] of rowsByDay(batch)) {
    parts.push(partOf("spans", { batch, day, rows }));
    const withContent = rowsWithContent(batch, rows);
    if (withContent.length > 0) parts.push(partOf("content", { batch, day, rows: withContent }));
  }
  return parts;
}

function partOf(
  kind: keyof typeof FILE_COLUMNS,
  part: Pick<FilePart, "batch" | "day" | "rows">,
): FilePart {
  return { kind, ...part, columns: FILE_COLUMNS[kind] };
}

/** Corrections by the day of the rows that they correct. */
export function splitCorrections(corrections: readonly Correction[]): FilePart[] {
  if (corrections.length === 0) return [];
  const batch = correctionBatch(corrections);
  const columns = correctionColumns(corrections);
  return rowsByDay(batch).map(([day, rows]) => ({
    kind: "corrections",
    batch,
    day,
    rows,
    columns,
  }));
}

function rowsByDay(batch: RowBatch): [number, Uint32Array][] {
  const { days } = batch;
  const rows = currentRows(batch);
  const first = days[rows[0] as number] as number;
  // Live traffic has one day in nearly every batch.
  if (rows.every((row) => days[row] === first)) return [[first, rows]];
  const ordered = [...new Set(Array.from(rows, (row) => days[row] as number))].sort(
    (left, right) => left - right,
  );
  return ordered.map((day) => [day, rows.filter((row) => days[row] === day)]);
}

/** All rows but those that a later row of the same span replaces. */
function currentRows(batch: RowBatch): Uint32Array {
  const rows = new Uint32Array(batch.rowCount);
  for (let row = 0; row < rows.length; row += 1) rows[row] = row;
  if (!batch.hasRepeats) return rows;
  const replaced = replacedRows(batch);
  return rows.filter((row) => !replaced.has(row));
}

function rowsWithContent(batch: RowBatch, rows: Uint32Array): Uint32Array {
  const columns = CONTENT_COLUMNS.map((name) => batch.plain(name)).filter(
    ({ bytesLength }) => bytesLength > 0,
  );
  if (columns.length === 0) return new Uint32Array(0);
  return rows.filter((row) => columns.some(({ starts }) => starts[row] !== NULL_CODE));
}

/** What a manifest says about the rows of a part. */
export function describeRows(
  batch: RowBatch,
  rows: Uint32Array,
): { rows: number; minStartTime: string; maxStartTime: string; projects: string[] } {
  const { values, words } = batch.int64("start_time");
  const { codes } = batch.dictionary("project_id");
  const projectCodes = new Set<number>();
  let least = rows[0] as number;
  let most = least;
  let lastCode = NULL_CODE;
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index] as number;
    if (isLess(words, row, least)) least = row;
    if (isLess(words, most, row)) most = row;
    const code = codes[row] as number;
    // The rows of a request lie side by side and are of one project.
    if (code !== lastCode) projectCodes.add(code);
    lastCode = code;
  }
  return {
    rows: rows.length,
    minStartTime: isoFromMicros(values[least] as bigint),
    maxStartTime: isoFromMicros(values[most] as bigint),
    projects: projectNames(batch, projectCodes),
  };
}

/** Is the signed 64-bit value of a row less than another's? By words: each bigint that is read is a new object. */
function isLess(words: Uint32Array, row: number, other: number): boolean {
  const high = (words[row * 2 + 1] as number) | 0;
  const otherHigh = (words[other * 2 + 1] as number) | 0;
  if (high !== otherHigh) return high < otherHigh;
  return (words[row * 2] as number) < (words[other * 2] as number);
}

function projectNames(batch: RowBatch, codes: ReadonlySet<number>): string[] {
  const column = batch.dictionary("project_id");
  const decoder = new TextDecoder();
  return [...codes].map((code) => decoder.decode(dictionaryEntry(column, code - 1))).sort();
}
