/**
 * The numbers of the Parquet format that we use (parquet-format 2.11, parquet.thrift). Field ids of the
 * thrift structures stand where the structures are written (`file-footer.ts`, `column-chunk.ts`).
 */

/** The first bytes of a file, and the last ones. */
export const MAGIC: Uint8Array = new TextEncoder().encode("PAR1");

export const PHYSICAL_TYPE = { boolean: 0, int64: 2, double: 5, byteArray: 6 } as const;
export const REPETITION = { required: 0, optional: 1 } as const;
export const CONVERTED_TYPE = { utf8: 0, timestampMicros: 10 } as const;
export const ENCODING = { plain: 0, rle: 3, deltaBinaryPacked: 5, rleDictionary: 8 } as const;
export const CODEC = { uncompressed: 0, zstd: 6 } as const;
export const PAGE_TYPE = { data: 0, dictionary: 2 } as const;

export type PhysicalType = (typeof PHYSICAL_TYPE)[keyof typeof PHYSICAL_TYPE];
export type Encoding = (typeof ENCODING)[keyof typeof ENCODING];
export type Codec = (typeof CODEC)[keyof typeof CODEC];
export type PageType = (typeof PAGE_TYPE)[keyof typeof PAGE_TYPE];
