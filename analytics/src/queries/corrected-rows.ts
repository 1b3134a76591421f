import { SPAN_COLUMNS } from "@lensai/otel-config/span-row/columns";
import { INHERITED_COLUMNS, METERED_COLUMNS, METERED_FACTS } from "../corrections/correction.ts";
import { column, commaList, sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";

const VERDICT = ["billed", "bill_rule", "shadowed_by"] as const;
const METERED = [...METERED_COLUMNS, ...METERED_FACTS];

/**
 * Rows with what is known better about them, as a SELECT: `rows` is a table of span rows with all columns. The
 * latest verdict and the latest usage count as a whole; of whose work it was, what the row does not say itself.
 */
export function correctedRows(rows: Sql, corrections: readonly string[]): Sql {
  return sql`SELECT stored.* REPLACE (${commaList([
    ...VERDICT.map((name) => replaced("verdict", name)),
    ...METERED.map((name) => replaced("metered", name)),
    ...INHERITED_COLUMNS.map((name) => inherited(name)),
  ])})
    FROM ${rows} AS stored LEFT JOIN (
      SELECT project_id, batch_id, record_ordinal,
        arg_max(${structOf(VERDICT)}, decided_at) FILTER (bill_rule IS NOT NULL) AS verdict,
        arg_max(${structOf(METERED)}, decided_at) FILTER (usage_source IS NOT NULL) AS metered,
        ${commaList(INHERITED_COLUMNS.map((name) => sql`arg_max(${column(name)}, decided_at) AS ${column(name)}`))}
      FROM (${allCorrections(corrections)}) GROUP BY ALL
    ) AS latest USING (project_id, batch_id, record_ordinal)`;
}

function structOf(names: readonly string[]): Sql {
  return sql`struct_pack(${commaList(names.map((name) => sql`${column(name)} := ${column(name)}`))})`;
}

function replaced(aspect: "verdict" | "metered", name: string): Sql {
  const own = aspect === "verdict" ? sql`latest.verdict` : sql`latest.metered`;
  const field = column(name);
  return sql`CASE WHEN ${own} IS NULL THEN stored.${field} ELSE ${own}.${field} END AS ${field}`;
}

function inherited(name: string): Sql {
  return sql`coalesce(stored.${column(name)}, latest.${column(name)}) AS ${column(name)}`;
}

const SQL_TYPES = { text: sql`VARCHAR`, int64: sql`BIGINT`, bool: sql`BOOLEAN` } as const;

/** Files have only the columns that their corrections fill. */
function allCorrections(corrections: readonly string[]): Sql {
  const absent = [...METERED, ...INHERITED_COLUMNS].map((name) => {
    const { type } = SPAN_COLUMNS.find((spec) => spec.name === name) ?? {};
    const sqlType = SQL_TYPES[type as keyof typeof SQL_TYPES];
    return sql`NULL::${sqlType} AS ${column(name)}`;
  });
  return sql`SELECT * FROM read_parquet(${corrections}, union_by_name = true)
    UNION ALL BY NAME SELECT ${commaList(absent)} WHERE false`;
}
