import { isUtf8 } from "node:buffer";
import { NULL_CODE, reserveBytes, writeLength } from "@lensai/otel-config/span-row/row-batch";
import type { PlainColumn } from "@lensai/otel-config/span-row/row-batch";
import { wordsToNumber } from "./otlp-reader.ts";

/**
 * Writes JSON text straight into the arena of a plain column, from bytes, without JS strings.
 * begin() ... end() makes one value; the row stays NULL when begin() was never called or undone.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const BLANK = 0x20;
let nextObjectId = 1;
/** An escaped byte becomes at most `\u00XX`. */
const ESCAPED_BYTES_MAX = 6;
/** Bytes that may be copied as they are: 0 = copy, 1 = escape, 2 = part of a UTF-8 sequence. */
const BYTE_CLASS = new Uint8Array(256).fill(1, 0, 0x20).fill(2, 0x80);
BYTE_CLASS[QUOTE] = 1;
BYTE_CLASS[BACKSLASH] = 1;
const HEX = new TextEncoder().encode("0123456789abcdef");
const SHORT_ESCAPES: Readonly<Record<number, number>> = {
  [QUOTE]: QUOTE,
  [BACKSLASH]: BACKSLASH,
  0x08: 0x62,
  0x09: 0x74,
  0x0a: 0x6e,
  0x0c: 0x66,
  0x0d: 0x72,
};
const WORD_BYTES = 4;
const encoder = new TextEncoder();
const lossyDecoder = new TextDecoder("utf-8");

export class JsonWriter {
  private column: PlainColumn;
  private bytes: Uint8Array;
  /** The same memory as `bytes`, for four bytes at a time. */
  private view: DataView;
  private at = 0;
  private isOpen = false;
  /** Names the object whose members are being written; never the same twice. */
  objectId = 0;

  constructor(column: PlainColumn) {
    this.column = column;
    this.bytes = column.bytes;
    this.view = viewOf(column.bytes);
  }

  /** Points the writer at the same column of another batch. */
  bind(column: PlainColumn): void {
    this.column = column;
    this.useArena(column.bytes);
    this.isOpen = false;
  }

  private useArena(bytes: Uint8Array): void {
    if (bytes === this.bytes) return;
    this.bytes = bytes;
    this.view = viewOf(bytes);
  }

  get isBegun(): boolean {
    return this.isOpen;
  }

  begin(): void {
    this.useArena(reserveBytes(this.column, 4));
    this.at = this.column.bytesLength + 4;
    this.isOpen = true;
    this.beginMembers();
  }

  /** The members written from now on belong to a new object. */
  beginMembers(): void {
    this.objectId = nextObjectId;
    nextObjectId += 1;
  }

  /**
   * Takes back the member written from `from` to `to`: blanks are valid JSON, and much cheaper than moving
   * what follows. Its separator goes with it.
   */
  removeMember(from: number, to: number): void {
    if (to === this.at) this.at = from;
    else this.bytes.fill(BLANK, from, to + 1);
  }

  /** Ends the value and makes it the row's; does nothing when nothing was begun. */
  end(row: number): void {
    if (!this.isOpen) {
      this.column.starts[row] = NULL_CODE;
      return;
    }
    const start = this.column.bytesLength;
    writeLength(this.bytes, start, this.at - start - 4);
    this.column.starts[row] = start + 1;
    this.column.bytesLength = this.at;
    this.isOpen = false;
  }

  /** Drops the value begun. */
  abandon(): void {
    this.isOpen = false;
  }

  get position(): number {
    return this.at;
  }

  byte(value: number): void {
    if (this.at === this.bytes.length) this.grow(1);
    this.bytes[this.at] = value;
    this.at += 1;
  }

  /** Copies bytes that are JSON already. */
  raw(source: Uint8Array, from: number, to: number): void {
    const length = to - from;
    if (this.at + length > this.bytes.length) this.grow(length);
    const { bytes } = this;
    let { at } = this;
    if (length < 64) {
      for (let i = from; i < to; i += 1) {
        bytes[at] = source[i] as number;
        at += 1;
      }
    } else {
      bytes.set(source.subarray(from, to), at);
      at += length;
    }
    this.at = at;
  }

  /** Copies the first `length` bytes of whole words that are JSON already: made for the names of members. */
  copy(source: DataView, length: number): void {
    if (this.at + length + WORD_BYTES > this.bytes.length) this.grow(length + WORD_BYTES);
    const { view, at } = this;
    for (let offset = 0; offset < length; offset += WORD_BYTES) {
      view.setInt32(at + offset, source.getInt32(offset, true), true);
    }
    this.at = at + length;
  }

  /** Separator before the next member when the last byte is neither an opening bracket nor one. */
  comma(): void {
    const last = this.bytes[this.at - 1];
    if (last !== 0x7b && last !== 0x5b && last !== COMMA) this.byte(COMMA);
  }

  /** A member name given as ready JSON (`"name":`). */
  key(json: Uint8Array): void {
    this.comma();
    this.raw(json, 0, json.length);
  }

  /** A member name given as raw bytes. */
  keyBytes(source: DataView, from: number, to: number): void {
    this.comma();
    this.string(source, from, to);
    this.byte(COLON);
  }

  /** A JSON string of UTF-8 bytes; invalid sequences become U+FFFD. */
  string(source: DataView, from: number, to: number): void {
    const needed = (to - from) * ESCAPED_BYTES_MAX + 2;
    if (this.at + needed > this.bytes.length) this.grow(needed);
    const { bytes, view } = this;
    let { at } = this;
    bytes[at] = QUOTE;
    at += 1;
    const first = at;
    let seen = 0;
    for (let i = from; i < to;) {
      // The last word once more where it overlaps the one before.
      const back = Math.max(0, i + WORD_BYTES - to);
      if (i - back >= from) {
        const word = source.getInt32(i - back, true);
        if (isPlainWord(word)) {
          view.setInt32(at - back, word, true);
          at += WORD_BYTES - back;
          i += WORD_BYTES - back;
          continue;
        }
      }
      const value = source.getUint8(i);
      const kind = BYTE_CLASS[value] as number;
      seen |= kind;
      if (kind === 1) at = escape(bytes, at, value);
      else {
        bytes[at] = value;
        at += 1;
      }
      i += 1;
    }
    this.at = at;
    if ((seen & 2) !== 0 && !isUtf8(bytesOf(source, from, to))) this.repair(first);
    this.byte(QUOTE);
  }

  /** Rewrites what follows `first` with U+FFFD in place of bytes that are not UTF-8. */
  private repair(first: number): void {
    const repaired = encoder.encode(lossyDecoder.decode(this.bytes.subarray(first, this.at)));
    this.at = first;
    this.raw(repaired, 0, repaired.length);
  }

  /** A signed 64-bit integer from its two words, exact. */
  int64(low: number, high: number): void {
    const value = wordsToNumber(low, high);
    if (Number.isSafeInteger(value)) this.number(value);
    else this.ascii(((BigInt(high) << 32n) | BigInt(low >>> 0)).toString());
  }

  /** A finite number; the caller has dealt with NaN and infinities. */
  number(value: number): void {
    if (value >= 0 && value < 1e9 && (value | 0) === value) this.smallInteger(value | 0);
    else this.ascii(decimalText(value));
  }

  private smallInteger(value: number): void {
    if (this.at + 10 > this.bytes.length) this.grow(10);
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits += 1;
    let rest = value;
    for (let i = this.at + digits - 1; i >= this.at; i -= 1) {
      const next = (rest / 10) | 0;
      this.bytes[i] = 0x30 + rest - next * 10;
      rest = next;
    }
    this.at += digits;
  }

  /** ASCII text as it is. */
  ascii(text: string): void {
    if (this.at + text.length > this.bytes.length) this.grow(text.length);
    for (let i = 0; i < text.length; i += 1) this.bytes[this.at + i] = text.charCodeAt(i);
    this.at += text.length;
  }

  /** A JSON string of lower-case hex. */
  hex(source: Uint8Array, from: number, to: number): void {
    this.byte(QUOTE);
    for (let i = from; i < to; i += 1) {
      const value = source[i] as number;
      this.byte(HEX[value >>> 4] as number);
      this.byte(HEX[value & 15] as number);
    }
    this.byte(QUOTE);
  }

  private grow(extra: number): void {
    const open = this.bytes.subarray(this.column.bytesLength, this.at);
    const grown = reserveBytes(this.column, open.length + extra);
    grown.set(open, this.column.bytesLength);
    this.useArena(grown);
  }
}

/** Temperatures and the like are few: the text of each is kept until another value takes its place. */
const DECIMALS = 1024;
const decimals = new Float64Array(DECIMALS).fill(Number.NaN);
const decimalTexts: string[] = Array.from({ length: DECIMALS }, () => "");
const bits = new Float64Array(1);
const bitWords = new Int32Array(bits.buffer);

function decimalText(value: number): string {
  bits[0] = value;
  const mixed = Math.imul((bitWords[0] as number) ^ (bitWords[1] as number), 0x9e3779b1);
  const place = mixed >>> 22;
  if (decimals[place] !== value) {
    decimals[place] = value;
    decimalTexts[place] = String(value);
  }
  return decimalTexts[place] as string;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bytesOf(view: DataView, from: number, to: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + from, to - from);
}

/**
 * Are all four bytes plain ASCII that JSON takes as it is? Per byte: x - 0x20 borrows into bit 7 below 0x20,
 * (x ^ c) - 1 borrows where x is c; bit 7 of x itself marks what is not ASCII. A borrow from a lower byte can
 * only mark a word that is marked already, so "no mark" is exact.
 */
function isPlainWord(word: number): boolean {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  const marks = (word - 0x20202020) | (quote - 0x01010101) | (backslash - 0x01010101) | word;
  return (marks & 0x80808080) === 0;
}

function escape(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = BACKSLASH;
  const short = SHORT_ESCAPES[value];
  if (short !== undefined) {
    bytes[at + 1] = short;
    return at + 2;
  }
  bytes[at + 1] = 0x75;
  bytes[at + 2] = 0x30;
  bytes[at + 3] = 0x30;
  bytes[at + 4] = HEX[value >>> 4] as number;
  bytes[at + 5] = HEX[value & 15] as number;
  return at + 6;
}
