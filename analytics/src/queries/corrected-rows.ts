import { sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";

/** Rows with the latest verdict on each, as a SELECT: `rows` is a table of span rows. */
export function correctedRows(rows: Sql, corrections: readonly string[]): Sql {
  return sql`SELECT stored.* REPLACE (
      CASE WHEN latest.verdict IS NULL THEN stored.billed ELSE latest.verdict.billed END AS billed,
      CASE WHEN latest.verdict IS NULL THEN stored.bill_rule ELSE latest.verdict.bill_rule END AS bill_rule,
      CASE WHEN latest.verdict IS NULL THEN stored.shadowed_by ELSE latest.verdict.shadowed_by END AS shadowed_by
    )
    FROM ${rows} AS stored LEFT JOIN (
      SELECT project_id, batch_id, record_ordinal, arg_max(
        {'billed': billed, 'bill_rule': bill_rule, 'shadowed_by': shadowed_by}, decided_at
      ) AS verdict
      FROM read_parquet(${corrections}) GROUP BY ALL
    ) AS latest USING (project_id, batch_id, record_ordinal)`;
}
