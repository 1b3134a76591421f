import {
  ALNUM,
  BACKSLASH,
  BYTE_CLASS,
  DIGIT,
  HEX,
  LOWER_BIT,
  LOWER_U,
  PERCENT,
  TOKEN,
  UNDERSCORE,
} from "./byte-class.ts";

/** Of the 32-bit FNV hash. */
const HASH_PRIME = 0x01000193;
const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);
/** `\u00e9`: the longest escape that the detectors know. */
const UNICODE_ESCAPE_BYTES = 6;
const SIMPLE_ESCAPES = new Set(Array.from('nrtbf"/\\', (letter) => letter.charCodeAt(0)));

/**
 * The text field under inspection. Detectors read through it, so that none can look outside the field,
 * and report through `examined` how much they looked at: the tests hold that to a multiple of the length.
 */
export class TextWindow {
  bytes: Uint8Array = NO_BYTES;
  /** The same bytes. */
  view: DataView = NO_VIEW;
  start = 0;
  end = 0;
  /** The last match that a detector found: [matchStart, matchEnd). */
  matchStart = 0;
  matchEnd = 0;
  /** Bytes examined since creation, all detectors together. */
  examined = 0;

  /** Binds the window to a message; no field is open. */
  bind(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.open(0, 0);
  }

  open(start: number, end: number): void {
    this.start = start;
    this.end = end;
  }

  /** Records a match; always true, so that a detector can end with it. */
  found(matchStart: number, matchEnd: number): true {
    this.matchStart = matchStart;
    this.matchEnd = matchEnd;
    return true;
  }

  /** The byte at an offset; 0 outside the field. */
  at(offset: number): number {
    return offset >= this.start && offset < this.end ? (this.bytes[offset] as number) : 0;
  }

  /** Class bits of the byte at an offset; 0 outside the field. */
  classAt(offset: number): number {
    return BYTE_CLASS[this.at(offset)] as number;
  }

  /** First offset in [from, limit) whose byte has none of the class bits. */
  skipClass(from: number, limit: number, bits: number): number {
    const stop = Math.min(limit, this.end);
    let p = from;
    while (p < stop && ((BYTE_CLASS[this.bytes[p] as number] as number) & bits) !== 0) p += 1;
    this.examined += p - from + 1;
    return p;
  }

  /** Smallest offset p >= limit such that all of [p, from) has one of the class bits. */
  skipClassBack(from: number, limit: number, bits: number): number {
    const stop = Math.max(limit, this.start);
    let p = from;
    while (p > stop && ((BYTE_CLASS[this.bytes[p - 1] as number] as number) & bits) !== 0) p -= 1;
    this.examined += from - p + 1;
    return p;
  }
}

/** Does the field hold these bytes at the offset? */
export function hasBytes(w: TextWindow, offset: number, expected: Uint8Array): boolean {
  if (offset < w.start || offset + expected.length > w.end) return false;
  for (let i = 0; i < expected.length; i += 1) {
    if (w.bytes[offset + i] !== expected[i]) return false;
  }
  return true;
}

/** Reads at most `maxBytes` letters, digits, `-` and `_` that end at `end`, in lower case. */
export function lowerWordBefore(w: TextWindow, end: number, maxBytes: number): string {
  let word = "";
  for (let p = end - 1; p >= w.start && end - p <= maxBytes; p -= 1) {
    const byte = w.bytes[p] as number;
    const bits = BYTE_CLASS[byte] as number;
    if ((bits & ALNUM) === 0 && byte !== UNDERSCORE && byte !== 0x2d) break;
    word =
      String.fromCharCode((bits & DIGIT) === 0 && byte > 0x40 ? byte | lowerBit(byte) : byte) +
      word;
  }
  w.examined += word.length + 1;
  return word;
}

/** A hash of what `lowerWordBefore` reads. */
export function lowerWordHash(w: TextWindow, end: number, maxBytes: number): number {
  const { bytes } = w;
  const least = Math.max(w.start, end - maxBytes);
  let hash = 0;
  let p = end - 1;
  for (; p >= least; p -= 1) {
    const byte = bytes[p] as number;
    if (((BYTE_CLASS[byte] as number) & TOKEN) === 0) break;
    // Digits, dashes and underscores have the bit in question already, or lose nothing by it.
    hash = Math.imul(hash ^ (byte | LOWER_BIT), HASH_PRIME);
  }
  w.examined += end - p;
  return hash ^ (hash >>> 15);
}

function lowerBit(byte: number): number {
  return byte === UNDERSCORE ? 0 : LOWER_BIT;
}

/**
 * Is `p` the start of a word? A letter, digit or underscore before it says no, unless that character
 * belongs to a JSON escape (`\n`, `\u00a0`) or a percent escape (`%20`) that ends exactly at `p`.
 */
export function startsWord(w: TextWindow, p: number): boolean {
  const before = w.at(p - 1);
  const isWordByte = ((BYTE_CLASS[before] as number) & ALNUM) !== 0 || before === UNDERSCORE;
  return !isWordByte || escapeEndsAt(w, p);
}

/** Is the byte at `p` neither letter, digit nor underscore? */
export function endsWord(w: TextWindow, p: number): boolean {
  return (w.classAt(p) & ALNUM) === 0 && w.at(p) !== UNDERSCORE;
}

export function escapeEndsAt(w: TextWindow, p: number): boolean {
  if (w.at(p - 2) === BACKSLASH) return SIMPLE_ESCAPES.has(w.at(p - 1));
  return percentEscapeAt(w, p - 3) || unicodeEscapeAt(w, p - UNICODE_ESCAPE_BYTES);
}

/** `%2B` */
export function percentEscapeAt(w: TextWindow, p: number): boolean {
  return w.at(p) === PERCENT && isHexRun(w, p + 1, 2);
}

/** `\u002b` */
export function unicodeEscapeAt(w: TextWindow, p: number): boolean {
  return w.at(p) === BACKSLASH && w.at(p + 1) === LOWER_U && isHexRun(w, p + 2, 4);
}

function isHexRun(w: TextWindow, from: number, count: number): boolean {
  for (let p = from; p < from + count; p += 1) if ((w.classAt(p) & HEX) === 0) return false;
  return true;
}

/** The first offset at or after `p` that is not inside an escape begun before `p`. */
export function skipOpenEscape(w: TextWindow, p: number): number {
  for (let back = 1; back < UNICODE_ESCAPE_BYTES; back += 1) {
    const byte = w.at(p - back);
    if (byte === PERCENT) return back <= 2 && percentEscapeAt(w, p - back) ? p - back + 3 : p;
    if (byte !== BACKSLASH) continue;
    if (unicodeEscapeAt(w, p - back)) return p - back + UNICODE_ESCAPE_BYTES;
    return back === 1 && SIMPLE_ESCAPES.has(w.at(p)) ? p + 1 : p;
  }
  return p;
}

/** The code of the ASCII character that an escape at `p` stands for; -1 when there is none. */
export function escapedCode(w: TextWindow, p: number): number {
  if (percentEscapeAt(w, p)) return hexValue(w, p + 1, 2);
  return unicodeEscapeAt(w, p) ? hexValue(w, p + 2, 4) : -1;
}

function hexValue(w: TextWindow, from: number, count: number): number {
  let value = 0;
  for (let p = from; p < from + count; p += 1) {
    const byte = w.at(p);
    value = value * 16 + ((w.classAt(p) & DIGIT) === 0 ? (byte & 15) + 9 : byte & 15);
  }
  return value;
}
