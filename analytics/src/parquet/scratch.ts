import { ByteBuffer } from "./byte-buffer.ts";
import { DeltaScratch } from "./delta-binary-packed.ts";

/** Buffers that grew beyond this (one huge text) are given back after the file. */
const KEEP_BYTES = 16 * 1024 * 1024;

/** The memory in which columns are encoded: kept between files, so that a file allocates next to nothing. */
export class Scratch {
  /** Row numbers 0, 1, 2, ... for files that take every row. */
  identity: Uint32Array = new Uint32Array(0);
  /** 1 for each row that has a value. */
  present: Uint8Array = new Uint8Array(0);
  /** Truth values of the rows that are not NULL. */
  flags: Uint8Array = new Uint8Array(0);
  bitmap: Uint8Array = new Uint8Array(0);
  /** Dictionary codes of the rows that are not NULL; offsets of text to copy. */
  codes: Uint32Array = new Uint32Array(0);
  /** Pairs of words: 64-bit values of the rows that are not NULL; packed codes. */
  words: Uint32Array = new Uint32Array(0);
  /** From an entry of the batch's dictionary to 1 + its place in the file's. */
  remap: Uint32Array = new Uint32Array(0);
  /** The entries of the file's dictionary, as entries of the batch's. */
  entries: Uint32Array = new Uint32Array(0);
  readonly delta = new DeltaScratch();
  readonly page = new ByteBuffer();
  readonly dictionaryPage = new ByteBuffer();
  readonly file = new ByteBuffer();

  /** Makes room for `rows` rows. */
  reserveRows(rows: number): void {
    if (rows <= this.identity.length) return;
    this.identity = Uint32Array.from({ length: rows }, (_, row) => row);
    this.present = new Uint8Array(rows);
    this.flags = new Uint8Array(rows);
    this.bitmap = new Uint8Array((rows >>> 3) + 1);
    this.codes = new Uint32Array(rows * 2);
    this.words = new Uint32Array(rows * 2);
  }

  /** Makes room for a dictionary of `count` entries, all of them unused. */
  reserveEntries(count: number): void {
    if (count < this.remap.length) {
      this.remap.fill(0, 0, count + 1);
      return;
    }
    this.remap = new Uint32Array(count * 2 + 1);
    this.entries = new Uint32Array(count * 2 + 1);
  }

  /** Gives back what one unusual file made large. */
  trim(): void {
    for (const buffer of [this.page, this.dictionaryPage, this.file]) buffer.reset(KEEP_BYTES);
  }
}
