import type { CallDimension } from "@lensai/analytics/queries/call-dimensions";
import type { Cell, CostByTwo, Line } from "@lensai/analytics/queries/cost-by-two";
import type { Group } from "@lensai/analytics/queries/top-groups";
import { usdDecimal } from "@lensai/otel-config/money";
import { DIMENSION_WORDS } from "./call-dimensions.ts";
import { csvRow } from "./csv.ts";
import type { CsvValue } from "./csv.ts";

const COST_COLUMNS = ["cost_usd", "calls", "calls_without_cost"] as const;

/**
 * A table of costs by two dimensions as CSV: a line for each pair that has calls, so that a spreadsheet can turn it as it
 * likes, and their sum is the total. Dollars have every digit. Who names no value has an empty field.
 */
export function costByTwoCsv(table: CostByTwo, by: CallDimension, and: CallDimension): string {
  const lines = table.rows.flatMap((row) =>
    row.cells.flatMap((cell, place) => {
      const column = table.columns[place];
      if (column === undefined || cell.calls === 0) return [];
      return [csvRow([nameOf(row, by), nameOf(column, and), ...costOf(cell)])];
    }),
  );
  return csvRow([by, and, ...COST_COLUMNS]) + lines.join("");
}

/** The dearest groups as CSV, with what is shown of each. */
export function costByOneCsv(groups: readonly Group[], by: CallDimension): string {
  const head = [by, ...COST_COLUMNS, "input_tokens", "output_tokens", "p95_latency_ms"];
  const lines = groups.map((group) =>
    csvRow([
      group.key,
      ...costOf(group),
      group.inputTokens,
      group.outputTokens,
      group.p95LatencyMs,
    ]),
  );
  return csvRow(head) + lines.join("");
}

function costOf({ costNanoUsd, calls, unpricedCalls }: Cell): readonly CsvValue[] {
  return [costNanoUsd === undefined ? undefined : usdDecimal(costNanoUsd), calls, unpricedCalls];
}

const nameOf = ({ key, kind }: Line, dimension: CallDimension): string | undefined =>
  kind === "other" ? `other ${DIMENSION_WORDS[dimension].plural}` : key;
