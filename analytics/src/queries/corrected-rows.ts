import { SPAN_COLUMNS } from "@lensai/otel-config/span-row/columns";
import type { ColumnType } from "@lensai/otel-config/span-row/columns";
import { INHERITED_COLUMNS } from "@lensai/otel-config/billing/inherit-attribution";
import { METERED_COLUMNS, METERED_FACTS } from "../corrections/correction.ts";
import { column, commaList, sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";

const VERDICT = ["billed", "bill_rule", "shadowed_by"] as const;
const METERED = [...METERED_COLUMNS, ...METERED_FACTS];

/** What names a row in a correction, and what a correction says of it. */
const CORRECTION_COLUMNS: ReadonlySet<string> = new Set([
  "record_ordinal",
  ...VERDICT,
  ...METERED,
  ...INHERITED_COLUMNS,
]);
/** Rows of this version and later ones have all of these columns. */
export const CORRECTABLE_SINCE: number = Math.max(
  ...SPAN_COLUMNS.filter(({ name }) => CORRECTION_COLUMNS.has(name)).map(({ since }) => since),
);

/**
 * Rows with what is known better about them, as a SELECT: `rows` is a table of span rows with all columns. The
 * latest verdict and the latest usage count as a whole; of whose work it was, what the row does not say itself.
 */
export function correctedRows(
  rows: Sql,
  { corrections, hasOldRows }: { corrections: readonly string[]; hasOldRows: boolean },
): Sql {
  // Rows of version 1 have no ordinal: batch, trace and span name them.
  const oldKey = sql`CASE WHEN record_ordinal IS NULL THEN concat(trace_id, ' ', span_id) END`;
  const isSame = hasOldRows
    ? sql`ON stored.project_id = latest.project_id AND stored.batch_id = latest.batch_id
        AND stored.record_ordinal IS NOT DISTINCT FROM latest.record_ordinal
        AND (CASE WHEN stored.record_ordinal IS NULL THEN concat(stored.trace_id, ' ', stored.span_id) END)
          IS NOT DISTINCT FROM latest.old_key`
    : sql`USING (project_id, batch_id, record_ordinal)`;
  return sql`SELECT stored.* REPLACE (${commaList([
    ...VERDICT.map((name) => replaced("verdict", name)),
    ...METERED.map((name) => replaced("metered", name)),
    ...INHERITED_COLUMNS.map((name) => inherited(name)),
  ])})
    FROM ${rows} AS stored LEFT JOIN (
      SELECT project_id, batch_id, record_ordinal, ${hasOldRows ? oldKey : sql`NULL`} AS old_key,
        arg_max(${structOf(VERDICT)}, decided_at) FILTER (bill_rule IS NOT NULL) AS verdict,
        arg_max(${structOf(METERED)}, decided_at) FILTER (usage_source IS NOT NULL) AS metered,
        ${commaList(INHERITED_COLUMNS.map((name) => sql`arg_max(${column(name)}, decided_at) AS ${column(name)}`))}
      FROM (${allCorrections(corrections)}) GROUP BY ALL
    ) AS latest ${isSame}`;
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

/** The table with every column of the present row version: those that no file has are NULL. */
export function withNewColumns(rows: Sql): Sql {
  const added = SPAN_COLUMNS.filter(({ since, file }) => since > 1 && file === "spans");
  const absent = added.map(({ name, type }) => absentColumn(name, type));
  return sql`(SELECT * FROM ${rows} UNION ALL BY NAME SELECT ${commaList(absent)} WHERE false)`;
}

const SQL_TYPES: Readonly<Record<ColumnType, Sql>> = {
  text: sql`VARCHAR`,
  int64: sql`BIGINT`,
  bool: sql`BOOLEAN`,
  timestamp: sql`TIMESTAMPTZ`,
};

function absentColumn(name: string, type: ColumnType): Sql {
  return sql`NULL::${SQL_TYPES[type]} AS ${column(name)}`;
}

const OPTIONAL: ReadonlySet<string> = new Set([...METERED, ...INHERITED_COLUMNS]);

/** Files have only the columns that their corrections fill. */
export function allCorrections(corrections: readonly string[]): Sql {
  const absent = SPAN_COLUMNS.filter(({ name }) => OPTIONAL.has(name)).map(({ name, type }) =>
    absentColumn(name, type),
  );
  return sql`SELECT * FROM read_parquet(${corrections}, union_by_name = true)
    UNION ALL BY NAME SELECT ${commaList(absent)} WHERE false`;
}
