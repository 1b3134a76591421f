import type { Encoding, PageType } from "./parquet-format.ts";

/** A page before compression. `body` may be a view of scratch memory: use it before asking for more. */
export interface RawPage {
  readonly type: PageType;
  readonly encoding: Encoding;
  /** Rows of a data page (NULLs included), entries of a dictionary page. */
  readonly valueCount: number;
  readonly body: Uint8Array;
}

/** Statistics of a column chunk; least and most in Parquet's PLAIN form, absent where they do not help. */
export interface ColumnStatistics {
  readonly nullCount: number;
  readonly least?: Uint8Array;
  readonly most?: Uint8Array;
}

/** The rows of one column, encoded and not yet compressed. */
export interface EncodedColumn {
  readonly statistics: ColumnStatistics;
  readonly encodings: readonly Encoding[];
  /** Size of all page bodies, at least roughly: too little text is not worth compressing. */
  readonly sizeBytes: number;
  /** The pages in file order. Can be asked for again. */
  readonly pages: () => Iterable<RawPage>;
}

/** Which rows of a batch go into the file, and whether the column may be NULL. */
export interface RowSelection {
  readonly rows: Uint32Array;
  readonly count: number;
  readonly nullable: boolean;
}
