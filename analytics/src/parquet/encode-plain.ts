import type { PlainColumn } from "@lensai/otel-config/span-row/row-batch";
import type { EncodedColumn, RawPage, RowSelection } from "./encoded-column.ts";
import { ENCODING, PAGE_TYPE } from "./parquet-format.ts";
import { appendLevels } from "./rle-hybrid.ts";
import type { Scratch } from "./scratch.ts";

/** A page ends with the value that reaches this: readers inflate a page as a whole. */
const PAGE_BYTES = 1024 * 1024;

/**
 * Text that hardly repeats, in pages of about PAGE_BYTES. The batch holds it in Parquet's own layout, so
 * neighbouring rows are copied in one piece. A value that was overwritten leaves a hole in the arena; the
 * lengths are followed, so a hole ends a piece and is not copied.
 */
export function encodePlain(
  column: PlainColumn,
  selection: RowSelection,
  scratch: Scratch,
): EncodedColumn {
  const { rows, count } = selection;
  let valueCount = 0;
  if (column.bytesLength > 0) {
    const { starts } = column;
    for (let index = 0; index < count; index += 1) {
      if (starts[rows[index] as number] !== 0) valueCount += 1;
    }
  }
  return {
    statistics: { nullCount: count - valueCount },
    encodings: [ENCODING.rle, ENCODING.plain],
    sizeBytes: valueCount === 0 ? 0 : column.bytesLength,
    pages: () =>
      valueCount === 0 ? [emptyPage(selection, scratch)] : encodePages(column, selection, scratch),
  };
}

function emptyPage(selection: RowSelection, scratch: Scratch): RawPage {
  const { page, present, bitmap } = scratch;
  page.reset();
  if (selection.nullable) {
    appendLevels({ flags: present, count: selection.count, setCount: 0 }, bitmap, page);
  }
  return dataPage(selection.count, scratch);
}

function dataPage(valueCount: number, scratch: Scratch): RawPage {
  const body = scratch.page.view();
  return { type: PAGE_TYPE.data, encoding: ENCODING.plain, valueCount, body };
}

function* encodePages(
  column: PlainColumn,
  selection: RowSelection,
  scratch: Scratch,
): Generator<RawPage> {
  const { page, present, bitmap } = scratch;
  let from = 0;
  while (from < selection.count) {
    const extent = measurePage(column, { ...selection, from }, scratch);
    page.reset();
    if (selection.nullable) {
      const levels = { flags: present, count: extent.rowCount, setCount: extent.valueCount };
      appendLevels(levels, bitmap, page);
    }
    appendPieces(column, extent, scratch);
    yield dataPage(extent.rowCount, scratch);
    from += extent.rowCount;
  }
}

interface PageExtent {
  readonly rowCount: number;
  readonly valueCount: number;
  readonly pieceCount: number;
  readonly sizeBytes: number;
}

/** Takes rows until the page is full; fills `present`, and `codes` with [from, to) of each arena piece. */
function measurePage(
  column: PlainColumn,
  selection: RowSelection & { readonly from: number },
  scratch: Scratch,
): PageExtent {
  const { rows, count, from } = selection;
  const { present, codes: pieces } = scratch;
  const { starts, bytes } = column;
  let sizeBytes = 0;
  let valueCount = 0;
  let pieceCount = 0;
  let pieceEnd = -1;
  let index = from;
  for (; index < count && sizeBytes < PAGE_BYTES; index += 1) {
    const start = starts[rows[index] as number] as number;
    if (start === 0) {
      present[index - from] = 0;
      continue;
    }
    present[index - from] = 1;
    valueCount += 1;
    const at = start - 1;
    if (at !== pieceEnd) {
      pieces[pieceCount * 2] = at;
      pieceCount += 1;
    }
    const stored = 4 + lengthAt(bytes, at);
    sizeBytes += stored;
    pieceEnd = at + stored;
    pieces[pieceCount * 2 - 1] = pieceEnd;
  }
  return { rowCount: index - from, valueCount, pieceCount, sizeBytes };
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

function appendPieces(column: PlainColumn, extent: PageExtent, scratch: Scratch): void {
  const { page, codes: pieces } = scratch;
  const { buffer, byteOffset, byteLength } = column.bytes;
  // A batch lies in shared memory, which `set` copies word by word; Buffer's copy is five times as fast.
  const source = Buffer.from(buffer, byteOffset, byteLength);
  const target = page.reserve(extent.sizeBytes);
  let at = page.length;
  for (let piece = 0; piece < extent.pieceCount; piece += 1) {
    const from = pieces[piece * 2] as number;
    const to = pieces[piece * 2 + 1] as number;
    at += source.copy(target, at, from, to);
  }
  page.length = at;
}
