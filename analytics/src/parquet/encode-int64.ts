import type { Int64Column } from "@lensai/otel-config/span-row/row-batch";
import { appendDeltas } from "./delta-binary-packed.ts";
import type { ColumnStatistics, EncodedColumn, RowSelection } from "./encoded-column.ts";
import { ENCODING, PAGE_TYPE } from "./parquet-format.ts";
import { appendLevels } from "./rle-hybrid.ts";
import type { Scratch } from "./scratch.ts";

/**
 * 64-bit numbers and timestamps: DELTA_BINARY_PACKED, which takes the bits that neighbours differ by
 * (fewer bytes for zstd to look at, and fewer left after it), or PLAIN where that is not smaller.
 */
export function encodeInt64(
  column: Int64Column,
  selection: RowSelection,
  scratch: Scratch,
): EncodedColumn {
  const { count, nullable } = selection;
  const { page, present, bitmap, words } = scratch;
  const valueCount = compactWords(column, selection, scratch);
  const nullCount = count - valueCount;
  page.reset();
  if (nullable) appendLevels({ flags: present, count, setCount: valueCount }, bitmap, page);
  const maxBytes = valueCount * 8;
  const isDelta =
    valueCount > 0 && appendDeltas({ words, count: valueCount, maxBytes }, scratch.delta, page);
  if (!isDelta) page.append(new Uint8Array(words.buffer, words.byteOffset, valueCount * 8));
  const encoding = isDelta ? ENCODING.deltaBinaryPacked : ENCODING.plain;
  const body = page.view();
  return {
    statistics: valueCount === 0 ? { nullCount } : { nullCount, ...rangeOf(words, valueCount) },
    encodings: [ENCODING.rle, encoding],
    sizeBytes: body.length,
    pages: () => [{ type: PAGE_TYPE.data, encoding, valueCount: count, body }],
  };
}

/** Copies the values that are not NULL to the front of `scratch.words`; returns how many there are. */
function compactWords(column: Int64Column, selection: RowSelection, scratch: Scratch): number {
  const { rows, count } = selection;
  const { present, words } = scratch;
  const { words: source, valid } = column;
  if (rows === scratch.identity) {
    const all = valid.subarray(0, count);
    if (!all.includes(1)) return 0;
    if (!all.includes(0)) {
      words.set(source.subarray(0, count * 2));
      return count;
    }
  }
  let valueCount = 0;
  for (let index = 0; index < count; index += 1) {
    const row = rows[index] as number;
    const isSet = valid[row] as number;
    present[index] = isSet;
    words[valueCount * 2] = source[row * 2] as number;
    words[valueCount * 2 + 1] = source[row * 2 + 1] as number;
    valueCount += isSet;
  }
  return valueCount;
}

/** Least and most of `count` > 0 signed 64-bit values, 8 bytes each. */
function rangeOf(
  words: Uint32Array,
  count: number,
): Required<Pick<ColumnStatistics, "least" | "most">> {
  let leastHigh = (words[1] as number) | 0;
  let leastLow = words[0] as number;
  let mostHigh = leastHigh;
  let mostLow = leastLow;
  for (let at = 2; at < count * 2; at += 2) {
    const low = words[at] as number;
    const high = (words[at + 1] as number) | 0;
    if (high < leastHigh || (high === leastHigh && low < leastLow)) {
      leastHigh = high;
      leastLow = low;
    } else if (high > mostHigh || (high === mostHigh && low > mostLow)) {
      mostHigh = high;
      mostLow = low;
    }
  }
  return { least: bytesOf(leastLow, leastHigh), most: bytesOf(mostLow, mostHigh) };
}

function bytesOf(low: number, high: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(low, high).buffer);
}
