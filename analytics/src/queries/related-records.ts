import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { MODEL, checkCount, checkRange, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

export const MAX_RELATED = 200;

/** Whose relatives are asked for: the record, and the span that is billed instead of it. */
export interface RelatedRecordsInput extends TimeRange {
  readonly batchId: string;
  readonly recordOrdinal: bigint;
  readonly spanId: string | undefined;
  readonly shadowedBy: string | undefined;
  readonly limit: number;
}

/** In place of an id that is not there: no id has this form. */
const NO_SPAN = "-";

/** Another record that speaks of the same call. Whatever it does not say is undefined. */
export interface RelatedRecord {
  /**
   * `billed_instead`: the one that is billed. `repeats`: it is not billed because the asked one is, or the same one.
   * `may_be_same`: billed as well, and perhaps the same call (possible-repeats-of-call.ts).
   */
  readonly relation: "billed_instead" | "repeats" | "may_be_same";
  readonly batchId: string;
  readonly recordOrdinal: bigint | undefined;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly startUnixMs: number;
  readonly signal: string;
  readonly serviceName: string | undefined;
  readonly scopeName: string | undefined;
  readonly spanName: string | undefined;
  readonly dialect: string | undefined;
  readonly model: string | undefined;
  readonly isBilled: boolean;
  readonly billRule: string | undefined;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly costNanoUsd: bigint | undefined;
}

/** What `toRelated` reads, but for the relation. */
export const RELATED_COLUMNS: Sql = sql`batch_id, record_ordinal, trace_id, span_id, start_unix_nano, signal,
  service_name, scope_name, span_name, dialect, ${MODEL} AS model, billed, bill_rule, input_tokens, output_tokens,
  cost_nano_usd`;

/**
 * Records of one project, of any trace, that are tied to a record by a verdict: those not billed because it
 * is, the one billed instead of it, and what else that one stands for. The record itself is not among them.
 */
export async function relatedRecords(
  projectId: string,
  input: RelatedRecordsInput,
  target: QueryTarget,
): Promise<RelatedRecord[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_RELATED);
  if (target.source.files.length === 0) return [];
  const { batchId, recordOrdinal, spanId = NO_SPAN, shadowedBy = NO_SPAN } = input;
  const rows = await target.duckDb.query(sql`SELECT
    CASE WHEN span_id = ${shadowedBy} AND billed THEN 'billed_instead' ELSE 'repeats' END AS relation,
    ${RELATED_COLUMNS}
    ${rowsOf(projectId, input, target.source)}
    AND (shadowed_by IN (${spanId}, ${shadowedBy}) OR (span_id = ${shadowedBy} AND billed))
    AND NOT (batch_id = ${batchId} AND record_ordinal IS NOT DISTINCT FROM ${recordOrdinal})
    ORDER BY relation, start_unix_nano, batch_id, record_ordinal
    LIMIT ${BigInt(input.limit)}`);
  return rows.map((row) => toRelated(row));
}

export function toRelated(row: SqlRow): RelatedRecord {
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  const count = (name: string): number | undefined => {
    const value = row[name] as bigint | null;
    return value === null ? undefined : Number(value);
  };
  return {
    relation: row["relation"] as RelatedRecord["relation"],
    batchId: text("batch_id") ?? "",
    recordOrdinal: (row["record_ordinal"] as bigint | null) ?? undefined,
    traceId: text("trace_id"),
    spanId: text("span_id"),
    startUnixMs: Number((row["start_unix_nano"] as bigint) / 1_000_000n),
    signal: text("signal") ?? "",
    serviceName: text("service_name"),
    scopeName: text("scope_name"),
    spanName: text("span_name"),
    dialect: text("dialect"),
    model: text("model"),
    isBilled: row["billed"] === true,
    billRule: text("bill_rule"),
    inputTokens: count("input_tokens"),
    outputTokens: count("output_tokens"),
    costNanoUsd: (row["cost_nano_usd"] as bigint | null) ?? undefined,
  };
}
