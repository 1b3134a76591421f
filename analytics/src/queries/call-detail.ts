import { SPAN_COLUMNS } from "@lensai/otel-config/span-row/columns";
import type { ColumnFile, ColumnSpec } from "@lensai/otel-config/span-row/columns";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { column, commaList, sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { checkRange, rowsOf, scanOf } from "./query-source.ts";
import type { QuerySource, QueryTarget, TimeRange } from "./query-source.ts";

/** Spans have ids; every record has a place in a request, also logs and points of metrics. */
export type RecordName =
  | { readonly traceId: string; readonly spanId: string }
  | { readonly batchId: string; readonly recordOrdinal: bigint };

/** Which record, and when it started: the range keeps the search short. */
export interface CallDetailInput extends TimeRange {
  readonly record: RecordName;
  /** The content files that can hold the record's messages; without them it comes without content. */
  readonly content?: QuerySource;
}

/**
 * One record with all its columns: int64 as bigint, timestamps as bigint microseconds, absent as null,
 * content columns null when they are not stored. undefined when there is no such record in the range.
 * Ids may name several records: a span counts before the logs written inside it, and of several copies the
 * last to arrive.
 */
export async function callDetail(
  projectId: string,
  input: CallDetailInput,
  target: QueryTarget,
): Promise<SpanRow | undefined> {
  checkRange(input);
  if (target.source.files.length === 0) return undefined;
  const [row] = await target.duckDb.query(sql`SELECT ${columnsOf("spans")}
    ${rowsOf(projectId, input, target.source)}
    AND ${isNamed(input.record)}
    ORDER BY signal = 'span' DESC, received_at DESC LIMIT 1`);
  if (row === undefined) return undefined;
  return { ...(await readContent(row as SpanRow, input, target)), ...(row as SpanRow) };
}

function isNamed(record: RecordName): Sql {
  return "traceId" in record
    ? sql`trace_id = ${record.traceId} AND span_id = ${record.spanId}`
    : sql`batch_id = ${record.batchId} AND record_ordinal = ${record.recordOrdinal}`;
}

async function readContent(
  { project_id, trace_id, span_id }: SpanRow,
  { content = { files: [] } }: CallDetailInput,
  target: QueryTarget,
): Promise<SpanRow> {
  const [row] =
    content.files.length === 0 || trace_id === null || span_id === null
      ? []
      : await target.duckDb.query(sql`SELECT ${columnsOf("content")}
          FROM ${scanOf(content)}
          WHERE project_id = ${String(project_id)} AND trace_id = ${String(trace_id)}
            AND span_id = ${String(span_id)}
          LIMIT 1`);
  const names = SPAN_COLUMNS.filter((spec) => spec.file === "content").map((spec) => spec.name);
  return (row as SpanRow | undefined) ?? Object.fromEntries(names.map((name) => [name, null]));
}

function columnsOf(file: ColumnFile): Sql {
  return commaList(SPAN_COLUMNS.filter((spec) => spec.file === file).map((spec) => selected(spec)));
}

function selected(spec: ColumnSpec): Sql {
  const name = column(spec.name);
  return spec.type === "timestamp" ? sql`epoch_us(${name}) AS ${name}` : name;
}
