import type { SqlRow } from "../duckdb/connect.ts";
import { column, commaList, sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";

/**
 * For lists of what producers do, of which only so many have a line of their own: what the others did is summed up by
 * what it is, so that the sums over a list are of all.
 */
export interface OthersTogether {
  /** Of how many lines of producers that are not listed; undefined: of the producer that is named. */
  readonly others?: number;
}

/** Columns that are NULL in rows that sum up others. The query has `is_listed`. */
export function listedOnly(...names: readonly string[]): Sql {
  return commaList(
    names.map((name) => sql`CASE WHEN is_listed THEN ${column(name)} END AS ${column(name)}`),
  );
}

/** Of a row with `is_listed` and, in `lines`, how many it sums up. */
export function othersOf(row: SqlRow): OthersTogether {
  return row["is_listed"] === true ? {} : { others: Number(row["lines"]) };
}
