import type { BoolColumn } from "@lensai/otel-config/span-row/row-batch";
import { packBitmap } from "./bit-packing.ts";
import type { ColumnStatistics, EncodedColumn, RowSelection } from "./encoded-column.ts";
import { ENCODING, PAGE_TYPE } from "./parquet-format.ts";
import { appendLevels } from "./rle-hybrid.ts";
import type { Scratch } from "./scratch.ts";

/** Truth values, one bit each. */
export function encodeBool(
  column: BoolColumn,
  selection: RowSelection,
  scratch: Scratch,
): EncodedColumn {
  const { count, nullable } = selection;
  const { page, present, bitmap, flags } = scratch;
  const { valueCount, trueCount } = compactFlags(column, selection, scratch);
  page.reset();
  if (nullable) appendLevels({ flags: present, count, setCount: valueCount }, bitmap, page);
  const target = page.reserve((valueCount >>> 3) + 1);
  page.length = packBitmap({ flags, count: valueCount }, target, page.length);
  const body = page.view();
  return {
    statistics: statisticsOf({ nullCount: count - valueCount, valueCount, trueCount }),
    encodings: [ENCODING.rle, ENCODING.plain],
    sizeBytes: body.length,
    pages: () => [{ type: PAGE_TYPE.data, encoding: ENCODING.plain, valueCount: count, body }],
  };
}

function compactFlags(
  column: BoolColumn,
  selection: RowSelection,
  scratch: Scratch,
): { valueCount: number; trueCount: number } {
  const { rows, count } = selection;
  const { present, flags } = scratch;
  const { values, valid } = column;
  let valueCount = 0;
  let trueCount = 0;
  for (let index = 0; index < count; index += 1) {
    const row = rows[index] as number;
    const isSet = valid[row] as number;
    const value = values[row] as number;
    present[index] = isSet;
    flags[valueCount] = value;
    valueCount += isSet;
    trueCount += value & isSet;
  }
  return { valueCount, trueCount };
}

function statisticsOf(counts: {
  readonly nullCount: number;
  readonly valueCount: number;
  readonly trueCount: number;
}): ColumnStatistics {
  const { nullCount, valueCount, trueCount } = counts;
  if (valueCount === 0) return { nullCount };
  return {
    nullCount,
    least: Uint8Array.of(trueCount === valueCount ? 1 : 0),
    most: Uint8Array.of(trueCount === 0 ? 0 : 1),
  };
}
