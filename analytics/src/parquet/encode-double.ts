import type { EncodedColumn } from "./encoded-column.ts";
import { ENCODING, PAGE_TYPE } from "./parquet-format.ts";
import { appendLevels } from "./rle-hybrid.ts";
import type { Scratch } from "./scratch.ts";

/** Fractions, 8 bytes each; undefined is NULL. Always nullable, and without statistics: nothing prunes by them. */
export function encodeDouble(
  values: readonly (number | undefined)[],
  { page, present, bitmap }: Scratch,
): EncodedColumn {
  const count = values.length;
  const known = values.filter((value) => value !== undefined);
  for (const [row, value] of values.entries()) present[row] = value === undefined ? 0 : 1;
  page.reset();
  appendLevels({ flags: present, count, setCount: known.length }, bitmap, page);
  page.append(new Uint8Array(Float64Array.from(known).buffer));
  const body = page.view();
  return {
    statistics: { nullCount: count - known.length },
    encodings: [ENCODING.rle, ENCODING.plain],
    sizeBytes: body.length,
    pages: () => [{ type: PAGE_TYPE.data, encoding: ENCODING.plain, valueCount: count, body }],
  };
}
