import {
  INHERITED_COLUMNS,
  attributionOfCall,
  inheritedAttribution,
} from "@lensai/otel-config/billing/inherit-attribution";
import type {
  AttributedSpan,
  Attribution,
  InheritedColumn,
} from "@lensai/otel-config/billing/inherit-attribution";
import type { SqlRow } from "../duckdb/connect.ts";
import { column, commaList, sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { allCorrections } from "../queries/corrected-rows.ts";
import { rowsOf } from "../queries/query-source.ts";
import type { QueryTarget, TimeRange } from "../queries/query-source.ts";
import { linkName } from "./landed-records.ts";

/** Records of calls that others are billed for, by `rowName` of the billed one. */
export interface RepeatedRecords {
  readonly others: ReadonlyMap<string, readonly string[]>;
  /** Of all of them, and of the billed ones. */
  readonly traceIds: readonly string[];
}

/**
 * What rows inherit from the spans around them, and billed ones then from other records of their calls, by `rowName`,
 * where the lake does not say so yet. Decided from what each row says itself, so that it does not matter in which order
 * spans landed.
 */
export async function recomputeAttribution(
  projectId: string,
  around: TimeRange,
  { repeated, ...target }: QueryTarget & { readonly repeated: RepeatedRecords },
): Promise<ReadonlyMap<string, Attribution>> {
  const rows = await attributedRows(projectId, around, { repeated, ...target });
  const changes = new Map<string, Attribution>();
  if (rows.length === 0) return changes;
  const current = await currentlyInherited(projectId, target);
  const spans = spansOf(rows);
  const inherited = new Map<string, { readonly own: Attribution; readonly around: Attribution }>();
  for (const row of rows) {
    const trace = row["trace_id"];
    const span = toSpan(row);
    const said = inheritedAttribution(span, (name) => spans.get(linkName(trace, name)));
    inherited.set(rowName(row), { own: span.own, around: said });
  }
  const fullOf = (name: string): Attribution => {
    const known = inherited.get(name);
    return { ...known?.around, ...known?.own };
  };
  for (const [name, { around: fromAround }] of inherited) {
    const others = repeated.others.get(name) ?? [];
    const fromOthers = attributionOfCall(fullOf(name), others.map(fullOf));
    const all = { ...fromAround, ...fromOthers };
    if (isNews(all, current.get(name))) changes.set(name, all);
  }
  return changes;
}

/** Names a row by its batch and ordinal; one of version 1 by its span. */
export function rowName(row: SqlRow): string {
  const place = row["record_ordinal"] ?? linkName(row["trace_id"], row["span_id"]);
  return `${String(row["batch_id"])} ${String(place)}`;
}

/** All rows of traces in which some say what others leave open, or that repeat calls of others, as they landed. */
async function attributedRows(
  projectId: string,
  around: TimeRange,
  { duckDb, source, repeated }: QueryTarget & { readonly repeated: RepeatedRecords },
): Promise<SqlRow[]> {
  const landed = { ...source, corrections: [] };
  const isShared = INHERITED_COLUMNS.map(
    (name) => sql`(count(${column(name)}) > 0 AND count(${column(name)}) < count(*))`,
  ).reduce((any, each) => sql`${any} OR ${each}`);
  return await duckDb.query(sql`SELECT batch_id, record_ordinal, trace_id, span_id, parent_span_id,
    signal, ${columns(INHERITED_COLUMNS)}
    ${rowsOf(projectId, around, landed)} AND signal <> 'metric' AND (record_ordinal IS NOT NULL OR span_id IS NOT NULL)
    AND (trace_id IN (SELECT unnest(${repeated.traceIds})) OR trace_id IN (
      SELECT trace_id ${rowsOf(projectId, around, landed)} AND signal <> 'metric' AND trace_id IS NOT NULL
      GROUP BY trace_id HAVING ${isShared}
    ))
    ORDER BY batch_id, record_ordinal`);
}

function columns(names: readonly InheritedColumn[]): Sql {
  return commaList(names.map((name) => column(name)));
}

/** Of several rows of one span the first that says something counts. */
function spansOf(rows: readonly SqlRow[]): Map<string, AttributedSpan> {
  const spans = new Map<string, AttributedSpan>();
  for (const row of rows) {
    if (row["signal"] !== "span" || row["span_id"] === null) continue;
    const name = linkName(row["trace_id"], row["span_id"]);
    const known = spans.get(name);
    const { parent, own } = toSpan(row);
    spans.set(name, { parent: known?.parent ?? parent, own: { ...own, ...known?.own } });
  }
  return spans;
}

/** Around a log lies the span that it was written in. */
function toSpan(row: SqlRow): AttributedSpan {
  return {
    parent: text(row, row["signal"] === "log" ? "span_id" : "parent_span_id"),
    own: attributionOf(row),
  };
}

async function currentlyInherited(
  projectId: string,
  { duckDb, source }: QueryTarget,
): Promise<Map<string, Attribution>> {
  const { corrections = [] } = source;
  if (corrections.length === 0) return new Map();
  const latest = INHERITED_COLUMNS.map(
    (name) => sql`arg_max(${column(name)}, decided_at) AS ${column(name)}`,
  );
  const rows =
    await duckDb.query(sql`SELECT batch_id, record_ordinal, trace_id, span_id, ${commaList(latest)}
    FROM (${allCorrections(corrections)}) WHERE project_id = ${projectId} GROUP BY ALL`);
  return new Map(rows.map((row) => [rowName(row), attributionOf(row)]));
}

function isNews(inherited: Attribution, current: Attribution = {}): boolean {
  return INHERITED_COLUMNS.some(
    (name) => inherited[name] !== undefined && inherited[name] !== current[name],
  );
}

function attributionOf(row: SqlRow): Attribution {
  const own: Partial<Record<InheritedColumn, string>> = {};
  for (const name of INHERITED_COLUMNS) {
    const value = text(row, name);
    if (value !== undefined) own[name] = value;
  }
  return own;
}

function text(row: SqlRow, name: string): string | undefined {
  const value = row[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}
