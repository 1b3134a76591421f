import { sql } from "../duckdb/sql.ts";
import { CALL_FACTS, IS_COUNTED_CALL, isAround, mayBeSameModel } from "./possible-repeats.ts";
import { checkCount, checkRange, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";
import { MAX_RELATED, RELATED_COLUMNS, toRelated } from "./related-records.ts";
import type { RelatedRecord } from "./related-records.ts";

/** The call that is asked about, by name, and where to look for others. */
export interface PossibleRepeatsOfCallInput extends TimeRange {
  readonly batchId: string;
  readonly recordOrdinal: bigint;
  readonly limit: number;
}

/**
 * Billed calls of other services that may be the same as a billed call: around it or inside it in time, with equal
 * counts, in another trace (possible-repeats.ts). None of a record that is not billed.
 */
export async function possibleRepeatsOfCall(
  projectId: string,
  input: PossibleRepeatsOfCallInput,
  target: QueryTarget,
): Promise<RelatedRecord[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_RELATED);
  if (target.source.files.length === 0) return [];
  const { batchId, recordOrdinal, limit } = input;
  const from = sql`${rowsOf(projectId, input, target.source)} AND ${IS_COUNTED_CALL}`;
  const rows = await target.duckDb.query(sql`
    WITH own AS (
      SELECT ${CALL_FACTS} AS facts ${from} AND batch_id = ${batchId} AND record_ordinal = ${recordOrdinal}
    ), others AS (SELECT ${RELATED_COLUMNS}, ${CALL_FACTS} AS facts ${from})
    SELECT 'may_be_same' AS relation, others.* EXCLUDE facts, own.facts.model AS own_model
    FROM others JOIN own ON others.facts.input = own.facts.input AND others.facts.output = own.facts.output
    WHERE (${isAround(sql`others.facts`, sql`own.facts`)}) OR (${isAround(sql`own.facts`, sql`others.facts`)})
    ORDER BY start_unix_nano, batch_id, record_ordinal LIMIT ${BigInt(limit)}`);
  const same = rows.filter((row) => mayBeSameModel(row["model"], row["own_model"]));
  return same.map((row) => toRelated(row));
}
