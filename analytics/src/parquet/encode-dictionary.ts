import type { DictionaryColumn } from "@lensai/otel-config/span-row/row-batch";
import { NULL_CODE, dictionaryEntry, writeLength } from "@lensai/otel-config/span-row/row-batch";
import { bitWidth } from "./bit-packing.ts";
import type { ByteBuffer } from "./byte-buffer.ts";
import type { ColumnStatistics, EncodedColumn, RowSelection } from "./encoded-column.ts";
import { ENCODING, PAGE_TYPE } from "./parquet-format.ts";
import { appendHybrid, appendLevels } from "./rle-hybrid.ts";
import type { Scratch } from "./scratch.ts";

/** More distinct values than this make a range that excludes nothing: not worth the comparisons. */
const MAX_STATISTICS_ENTRIES = 1024;
/** Longer values are not repeated in the footer. */
const MAX_STATISTICS_BYTES = 64;
const SHORT_TEXT_BYTES = 48;

/**
 * Text of a dictionary column: a dictionary page with the entries that the selected rows use (and no
 * other: an entry may belong to a request that was refused, or to another file), then their codes; or
 * plain text when the values repeat so little that the dictionary would not be smaller.
 */
export function encodeDictionary(
  column: DictionaryColumn,
  selection: RowSelection,
  scratch: Scratch,
): EncodedColumn {
  const { nullable, count } = selection;
  const used = compactCodes(column, selection, scratch);
  const sizes = sizesOf(column, used, scratch);
  const statistics = statisticsOf(column, { ...used, rowCount: count }, scratch);
  const { page, dictionaryPage, present } = scratch;
  page.reset();
  dictionaryPage.reset();
  if (nullable) {
    appendLevels({ flags: present, count, setCount: used.valueCount }, scratch.bitmap, page);
  }
  const levels: EncodedColumn["encodings"] = [ENCODING.rle];
  const data = { type: PAGE_TYPE.data, valueCount: count } as const;
  if (used.valueCount === 0 || sizes.dictionaryBytes >= sizes.plainBytes) {
    appendValues(column, used.valueCount, scratch);
    const body = page.view();
    return {
      statistics,
      encodings: [...levels, ENCODING.plain],
      sizeBytes: body.length,
      pages: () => [{ ...data, encoding: ENCODING.plain, body }],
    };
  }
  appendEntries(column, used.entryCount, scratch);
  appendCodes(used, scratch);
  const entries = {
    type: PAGE_TYPE.dictionary,
    encoding: ENCODING.plain,
    valueCount: used.entryCount,
    body: dictionaryPage.view(),
  } as const;
  const body = page.view();
  return {
    statistics,
    encodings: [...levels, ENCODING.plain, ENCODING.rleDictionary],
    sizeBytes: entries.body.length + body.length,
    pages: () => [entries, { ...data, encoding: ENCODING.rleDictionary, body }],
  };
}

interface UsedEntries {
  /** Rows that are not NULL. */
  readonly valueCount: number;
  readonly entryCount: number;
}

/** Fills `present`, `codes` (dense, from 0, in order of first use) and `entries`. */
function compactCodes(
  column: DictionaryColumn,
  selection: RowSelection,
  scratch: Scratch,
): UsedEntries {
  const { rows, count } = selection;
  scratch.reserveEntries(column.entryCount);
  const { present, codes, remap, entries } = scratch;
  const source = column.codes;
  const only = uniformCode(column, selection);
  if (only === NULL_CODE) return { valueCount: 0, entryCount: 0 };
  if (only !== undefined) {
    entries[0] = only - 1;
    codes.fill(0, 0, count);
    return { valueCount: count, entryCount: 1 };
  }
  let valueCount = 0;
  let entryCount = 0;
  for (let index = 0; index < count; index += 1) {
    const code = source[rows[index] as number] as number;
    if (code === NULL_CODE) {
      present[index] = 0;
      continue;
    }
    present[index] = 1;
    let dense = remap[code] as number;
    if (dense === 0) {
      entries[entryCount] = code - 1;
      entryCount += 1;
      dense = entryCount;
      remap[code] = dense;
    }
    codes[valueCount] = dense - 1;
    valueCount += 1;
  }
  return { valueCount, entryCount };
}

/** The code that every row has; undefined when they differ. Most columns are like this. */
function uniformCode(column: DictionaryColumn, selection: RowSelection): number | undefined {
  const { rows, count } = selection;
  const { codes } = column;
  if (column.entryCount === 0 || count === 0) return NULL_CODE;
  const first = codes[rows[0] as number] as number;
  for (let index = 1; index < count; index += 1) {
    if (codes[rows[index] as number] !== first) return undefined;
  }
  return first;
}

/** Raw size of both forms. Run lengths are not counted: they only ever favour the dictionary more. */
function sizesOf(
  column: DictionaryColumn,
  used: UsedEntries,
  scratch: Scratch,
): { plainBytes: number; dictionaryBytes: number } {
  let entryBytes = 0;
  for (let place = 0; place < used.entryCount; place += 1) {
    entryBytes += 4 + lengthOf(column, scratch.entries[place] as number);
  }
  const codeBytes = Math.ceil((used.valueCount * bitWidth(used.entryCount - 1)) / 8);
  const dictionaryBytes = entryBytes + codeBytes;
  if (used.entryCount * 2 < used.valueCount) {
    return { plainBytes: Number.POSITIVE_INFINITY, dictionaryBytes };
  }
  let plainBytes = 0;
  for (let index = 0; index < used.valueCount; index += 1) {
    const entry = scratch.entries[scratch.codes[index] as number] as number;
    plainBytes += 4 + lengthOf(column, entry);
  }
  return { plainBytes, dictionaryBytes };
}

function appendEntries(column: DictionaryColumn, entryCount: number, scratch: Scratch): void {
  for (let place = 0; place < entryCount; place += 1) {
    appendText(column, scratch.entries[place] as number, scratch.dictionaryPage);
  }
}

function appendValues(column: DictionaryColumn, valueCount: number, scratch: Scratch): void {
  for (let index = 0; index < valueCount; index += 1) {
    const entry = scratch.entries[scratch.codes[index] as number] as number;
    appendText(column, entry, scratch.page);
  }
}

function appendCodes(used: UsedEntries, scratch: Scratch): void {
  const { page, codes, words } = scratch;
  const width = bitWidth(used.entryCount - 1);
  page.reserve(1)[page.length] = width;
  page.length += 1;
  appendHybrid({ values: codes, count: used.valueCount, width, words }, page);
}

/** Appends one entry in PLAIN form. A byte loop: most entries are too short for the call of a copy. */
function appendText(column: DictionaryColumn, entry: number, out: ByteBuffer): void {
  const from = startOf(column, entry);
  const length = lengthOf(column, entry);
  const bytes = out.reserve(4 + length);
  const at = out.length;
  writeLength(bytes, at, length);
  if (length > SHORT_TEXT_BYTES) {
    bytes.set(column.bytes.subarray(from, from + length), at + 4);
  } else {
    const source = column.bytes;
    for (let index = 0; index < length; index += 1) {
      bytes[at + 4 + index] = source[from + index] as number;
    }
  }
  out.length = at + 4 + length;
}

function statisticsOf(
  column: DictionaryColumn,
  used: UsedEntries & { readonly rowCount: number },
  scratch: Scratch,
): ColumnStatistics {
  const nullCount = used.rowCount - used.valueCount;
  if (used.entryCount === 0 || used.entryCount > MAX_STATISTICS_ENTRIES) return { nullCount };
  let least = dictionaryEntry(column, scratch.entries[0] as number);
  let most = least;
  for (let place = 1; place < used.entryCount; place += 1) {
    const entry = dictionaryEntry(column, scratch.entries[place] as number);
    if (Buffer.compare(entry, least) < 0) least = entry;
    else if (Buffer.compare(entry, most) > 0) most = entry;
  }
  if (Math.max(least.length, most.length) > MAX_STATISTICS_BYTES) return { nullCount };
  return { nullCount, least, most };
}

function startOf(column: DictionaryColumn, entry: number): number {
  return entry === 0 ? 0 : (column.ends[entry - 1] as number);
}

function lengthOf(column: DictionaryColumn, entry: number): number {
  return (column.ends[entry] as number) - startOf(column, entry);
}
