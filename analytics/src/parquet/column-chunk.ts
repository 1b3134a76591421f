import { constants, zstdCompressSync } from "node:zlib";
import type { ByteBuffer } from "./byte-buffer.ts";
import type { EncodedColumn, RawPage } from "./encoded-column.ts";
import { CODEC, ENCODING, PAGE_TYPE } from "./parquet-format.ts";
import type { Codec } from "./parquet-format.ts";
import type { ThriftCompactWriter } from "./thrift-compact-writer.ts";

/** Below this the set-up of a zstd call costs more than the bytes that it could save are worth. */
const MIN_COMPRESSED_BYTES = 160;
/**
 * Level 1 with a hash table of 8 KiB instead of 64, which stays in the processor's first cache beside the text: a
 * quarter less time on prose for a fifth more bytes. They lie there until compaction, which compresses again and
 * harder (`compaction/merge-files.ts`).
 */
const ZSTD_OPTIONS = {
  [constants.ZSTD_c_compressionLevel]: 1,
  [constants.ZSTD_c_hashLog]: 11,
};
const MAX_PAGE_BYTES = 2 ** 31 - 1;
/** Twice the size of Node's pool. */
const MIN_FREED_BYTES = 128 * 1024;

/** Where a column chunk lies in the file: what the footer says about it. */
export interface ChunkLocation {
  readonly codec: Codec;
  readonly dictionaryPageOffset: number | undefined;
  readonly dataPageOffset: number;
  /** Page headers included, as the format counts. */
  readonly uncompressedBytes: number;
  readonly compressedBytes: number;
}

/** Appends the pages of one column to the file, compressed when that makes them smaller. */
export function appendColumnChunk(
  column: EncodedColumn,
  header: ThriftCompactWriter,
  file: ByteBuffer,
): ChunkLocation {
  const begin = file.length;
  if (column.sizeBytes >= MIN_COMPRESSED_BYTES) {
    const compressed = appendPages(column, { header, codec: CODEC.zstd }, file);
    if (compressed.compressedBytes < compressed.uncompressedBytes) return compressed;
    file.length = begin;
  }
  return appendPages(column, { header, codec: CODEC.uncompressed }, file);
}

function appendPages(
  column: EncodedColumn,
  options: { readonly header: ThriftCompactWriter; readonly codec: Codec },
  file: ByteBuffer,
): ChunkLocation {
  const begin = file.length;
  let dictionaryPageOffset: number | undefined;
  let dataPageOffset: number | undefined;
  let savedBytes = 0;
  for (const page of column.pages()) {
    if (page.type === PAGE_TYPE.dictionary) dictionaryPageOffset = file.length;
    else dataPageOffset ??= file.length;
    const body = options.codec === CODEC.zstd ? compress(page.body) : page.body;
    savedBytes += page.body.length - body.length;
    appendPage(page, { header: options.header, body }, file);
    if (body !== page.body) free(body);
  }
  const compressedBytes = file.length - begin;
  return {
    codec: options.codec,
    dictionaryPageOffset,
    dataPageOffset: dataPageOffset ?? begin,
    uncompressedBytes: compressedBytes + savedBytes,
    compressedBytes,
  };
}

function appendPage(
  page: RawPage,
  stored: { readonly header: ThriftCompactWriter; readonly body: Uint8Array },
  file: ByteBuffer,
): void {
  const { header, body } = stored;
  if (Math.max(page.body.length, body.length) > MAX_PAGE_BYTES) {
    throw new RangeError(
      `a Parquet page cannot hold ${page.body.length} bytes: seal batches earlier`,
    );
  }
  header.reset();
  // PageHeader
  header.element(() => {
    header.i32(1, page.type);
    header.i32(2, page.body.length);
    header.i32(3, body.length);
    if (page.type === PAGE_TYPE.dictionary) {
      // DictionaryPageHeader
      header.struct(7, () => {
        header.i32(1, page.valueCount);
        header.i32(2, page.encoding);
      });
      return;
    }
    // DataPageHeader
    header.struct(5, () => {
      header.i32(1, page.valueCount);
      header.i32(2, page.encoding);
      header.i32(3, ENCODING.rle);
      header.i32(4, ENCODING.rle);
    });
  });
  file.append(header.buffer.view());
  file.append(body);
}

/**
 * Gives the output block of a compressed page back before the next one is made, and not when the garbage
 * collector comes to it: together they are as large as all the text of the batch. A short output may lie in
 * Node's pool, of which others have a part.
 */
function free({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= MIN_FREED_BYTES) buffer.transfer(0);
}

function compress(body: Uint8Array): Uint8Array {
  // one output block that surely fits: the default of 16 KiB blocks would be joined by copying
  const chunkSize = body.length + (body.length >>> 8) + 1024;
  return zstdCompressSync(body, { params: ZSTD_OPTIONS, chunkSize });
}
