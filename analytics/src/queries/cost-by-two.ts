import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { dimensionOf, isOfFilter } from "./call-dimensions.ts";
import type { CallDimension, CallFilter } from "./call-dimensions.ts";
import {
  IS_BILLED_CALL,
  IS_CALL,
  IS_COUNTED,
  checkCount,
  checkRange,
  knownSum,
  rowsOf,
} from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

export const MAX_ROWS = 200;
export const MAX_COLUMNS = 50;

interface CostByTwoInput extends TimeRange {
  readonly by: CallDimension;
  /** What each group is told apart by in turn. */
  readonly and: CallDimension;
  /** How many values of `by` and of `and` have a line of their own, dearest first; the others are summed up. */
  readonly rows: number;
  readonly columns: number;
  readonly filter?: CallFilter;
}

/** Cost by two dimensions: a cell for each pair, of which every sum is made. */
export interface CostByTwo {
  /** Dearest first, the sum of the remaining ones (`other`) last. */
  readonly rows: readonly (Line & { readonly cells: readonly Cell[] })[];
  /** In the order of the cells of a row, with the sums over all rows. */
  readonly columns: readonly Line[];
  readonly total: Cell;
}

export interface Line {
  /** undefined: calls that have no value there, or (`kind` other) the sum of the remaining ones. */
  readonly key: string | undefined;
  readonly kind: "value" | "other";
  readonly total: Cell;
}

export interface Cell {
  /** Model calls, answered or failed. */
  readonly calls: number;
  /** Billed calls whose price is unknown: they are missing in the cost. */
  readonly unpricedCalls: number;
  /** 0n without billed calls; undefined when there are some and none has a price. */
  readonly costNanoUsd: bigint | undefined;
}

/** One pass over the rows; whatever is shown, its lines add up to the total, as they are sums of the same cells. */
export async function costByTwo(
  projectId: string,
  input: CostByTwoInput,
  target: QueryTarget,
): Promise<CostByTwo> {
  checkRange(input);
  checkCount("rows", input.rows, MAX_ROWS);
  checkCount("columns", input.columns, MAX_COLUMNS);
  if (target.source.files.length === 0) return { rows: [], columns: [], total: toCell([]) };
  const found = await target.duckDb.query(sql`
    WITH cells AS (
      SELECT ${dimensionOf(input.by)} AS row_key, ${dimensionOf(input.and)} AS column_key,
        count(*) FILTER (WHERE ${IS_CALL}) AS calls, count(*) FILTER (WHERE billed) AS billed_rows,
        count(*) FILTER (WHERE ${IS_BILLED_CALL} AND cost_nano_usd IS NULL) AS unpriced,
        sum(cost_nano_usd) FILTER (WHERE billed) AS cost
      ${rowsOf(projectId, input, target.source)} AND ${IS_COUNTED} AND ${isOfFilter(input.filter)}
      GROUP BY ALL
    ), row_places AS (${placesOf(sql`row_key`, input.rows)}),
    column_places AS (${placesOf(sql`column_key`, input.columns)})
    SELECT row_places.place AS row_place, column_places.place AS column_place,
      CASE WHEN row_places.place <= ${BigInt(input.rows)} THEN any_value(row_key) END AS row_key,
      CASE WHEN column_places.place <= ${BigInt(input.columns)} THEN any_value(column_key) END AS column_key,
      sum(calls) AS calls, sum(billed_rows) AS billed_rows, sum(unpriced) AS unpriced, sum(cost) AS cost
    FROM cells
    JOIN row_places ON row_key IS NOT DISTINCT FROM row_places.value
    JOIN column_places ON column_key IS NOT DISTINCT FROM column_places.value
    GROUP BY row_place, column_place ORDER BY row_place, column_place`);
  return toTable(found, input);
}

/** The values in the order of their cost; behind the last one that has a line, all have the same place. */
function placesOf(key: Sql, count: number): Sql {
  return sql`SELECT ${key} AS value, least(${BigInt(count + 1)}, row_number() OVER (
      ORDER BY sum(cost) DESC NULLS LAST, sum(calls) DESC, ${key} ASC NULLS LAST)) AS place
    FROM cells GROUP BY ${key}`;
}

function toTable(found: readonly SqlRow[], input: CostByTwoInput): CostByTwo {
  const byRow = placed(found, "row_place");
  const byColumn = placed(found, "column_place");
  return {
    rows: Array.from(byRow, ([place, ofRow]) => ({
      ...toLine(ofRow, "row_key", place > input.rows),
      cells: Array.from(byColumn.keys(), (column) =>
        toCell(ofRow.filter((row) => Number(row["column_place"]) === column)),
      ),
    })),
    columns: Array.from(byColumn, ([place, ofColumn]) =>
      toLine(ofColumn, "column_key", place > input.columns),
    ),
    total: toCell(found),
  };
}

/** The rows of each place, in the order of the places. */
function placed(found: readonly SqlRow[], name: string): ReadonlyMap<number, SqlRow[]> {
  const places = Map.groupBy(found, (row) => Number(row[name]));
  return new Map(Array.from(places).toSorted(([one], [other]) => one - other));
}

function toLine(rows: readonly SqlRow[], key: string, isOther: boolean): Line {
  return {
    key: (rows[0]?.[key] as string | null | undefined) ?? undefined,
    kind: isOther ? "other" : "value",
    total: toCell(rows),
  };
}

function toCell(rows: readonly SqlRow[]): Cell {
  const sum = (name: string): bigint =>
    rows.reduce((total, row) => total + BigInt((row[name] as bigint | null) ?? 0), 0n);
  const isKnown = rows.some((row) => row["cost"] !== null);
  return {
    calls: Number(sum("calls")),
    unpricedCalls: Number(sum("unpriced")),
    costNanoUsd: knownSum(isKnown ? sum("cost") : null, Number(sum("billed_rows"))),
  };
}
