/**
 * What the detectors need not look for in a short field. Nearly every attribute of real telemetry (models,
 * operations, hosts, ids) is decided here, most of them in the first glance. Exact in one direction only: a
 * bit that is not set means that no rule of that kind can match; a bit that is set, that one might.
 */
import { ALNUM, AT_SIGN, BYTE_CLASS, COLON, DIGIT, DOT, SLASH, SPACE } from "./byte-class.ts";
import { MIN_NUMERIC_BYTES } from "./candidate-scan.ts";
import { mayBeNumber } from "./number-outlook.ts";
import { PREFIXES_BY_FIRST_BYTE, SECRET_PREFIXES } from "./secret-prefixes.ts";
import { hasBytes } from "./text-window.ts";
import type { TextWindow } from "./text-window.ts";
import { HIGH_BITS, blankMarks, digitMarks, zeroMarks } from "./word-marks.ts";

/** Numbers: cards, phones, addresses of hosts, accounts. */
export const NUMBERS = 1;
/** Secrets that stand in a run of token characters. */
export const TOKENS = 2;
/** What holds an at sign: mail addresses, credentials in URLs. */
export const ADDRESSES = 4;
export const PRIVATE_KEYS = 8;

/** One bit per word in `glance`; longer fields are few. */
export const SHORT_FIELD_BYTES = 128;

/** Digits of `%40`; those of `\u0040` are enough for a number. */
const MIN_ESCAPE_DIGITS = 2;
/** Of an address without `::`. */
const IPV6_COLONS = 7;
/** Norway's, the shortest. */
const MIN_IBAN_BYTES = 15;
const TWO_DASHES = 0x2d2d0000;
const UPPER_HALF = 0xffff0000 | 0;
const AT_SIGNS = 0x40404040;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Of `ya29.`. */
const NINE = 0x39;
const LOWER_S = 0x73;
const JWT_START = encode("eyJ");
const SERVICES = encode("/services");

/** What kinds of match the field in the window could hold; it has 4 to `SHORT_FIELD_BYTES` bytes. */
export function shortFieldKinds(w: TextWindow): number {
  const possible = glance(w);
  return (possible & ~PRIVATE_KEYS) === 0 ? possible : look(w, possible);
}

/** Four bytes at a time: counts digits and colons, finds runs without blanks, at signs and rows of dashes. */
function glance({ view, start, end }: TextWindow): number {
  let digitSums = 0;
  let runs = 0;
  let blanks = 0;
  let atSigns = 0;
  let dashes = 0;
  let p = start;
  for (; p + 4 <= end; p += 4) {
    const x = view.getInt32(p, true);
    digitSums += digitMarks(x) >>> 7;
    const blank = blankMarks(x) & HIGH_BITS;
    blanks |= blank;
    runs = (runs << 1) | (blank === 0 ? 1 : 0);
    atSigns |= zeroMarks(x ^ AT_SIGNS);
    // Of five dashes in a row, two always fill the upper half of a word.
    if ((x & UPPER_HALF) === TWO_DASHES) dashes = PRIVATE_KEYS;
  }
  if (p < end) {
    // Of the last bytes only digits and at signs matter: every other match goes on for longer.
    const x = view.getInt32(end - 4, true) >>> ((4 + p - end) << 3);
    digitSums += digitMarks(x) >>> 7;
    atSigns |= zeroMarks(x ^ AT_SIGNS);
  }
  const digits = Math.imul(digitSums, 0x01010101) >>> 24;
  const pairs = runs & (runs >>> 1);
  let kinds = (pairs & (pairs >>> 2)) === 0 ? dashes : dashes | TOKENS;
  if (digits >= MIN_NUMERIC_BYTES) kinds |= NUMBERS | ADDRESSES;
  if (atSigns !== 0 || (blanks !== 0 && digits >= MIN_ESCAPE_DIGITS)) kinds |= ADDRESSES;
  return kinds;
}

/** Byte by byte: which of the possible kinds have something to go by? */
function look(w: TextWindow, possible: number): number {
  const { bytes, start, end } = w;
  let kinds = possible & PRIVATE_KEYS;
  let colons = 0;
  w.examined += end - start;
  for (let p = start; p < end; p += 1) {
    const cue = CUES[bytes[p] as number] as number;
    if ((cue & WORD) !== 0) {
      kinds |= kindsOfWord(w, p);
      while (p + 1 < end && ((CUES[bytes[p + 1] as number] as number) & WORD) !== 0) p += 1;
    } else if ((cue & ESCAPE) !== 0) {
      // An escape can hide what its bytes would show.
      return possible;
    } else if ((cue & COLON_CUE) !== 0) {
      colons += w.at(p + 1) === COLON ? IPV6_COLONS : 1;
    }
    if ((cue & MARK) !== 0) kinds |= kindsOfMark(w, p);
  }
  if (colons >= IPV6_COLONS) kinds |= NUMBERS;
  return kinds & possible;
}

/** What could start with the word at `p`: a key by its prefix, a number, a bank account. */
function kindsOfWord(w: TextWindow, p: number): number {
  const { bytes, end } = w;
  if (p + 4 > end) return 0;
  const first = bytes[p] as number;
  const seconds = SECOND_BYTES[first] as number;
  const mayBePrefix = ((seconds >>> ((bytes[p + 1] as number) & 31)) & 1) !== 0;
  const kinds = mayBePrefix && startsLikeSecret(w, p) ? TOKENS : 0;
  if (isDigit(first)) return mayBeNumber(w, p) ? kinds | NUMBERS : kinds;
  const mayBeIban =
    p + MIN_IBAN_BYTES <= end && isDigit(bytes[p + 2] as number) && isDigit(bytes[p + 3] as number);
  return mayBeIban ? kinds | NUMBERS : kinds;
}

function startsLikeSecret(w: TextWindow, p: number): boolean {
  const prefixes = PREFIXES_BY_FIRST_BYTE[w.at(p)];
  if (prefixes !== undefined) {
    for (const prefix of prefixes) if (hasBytes(w, p, prefix.bytes)) return true;
  }
  return hasBytes(w, p, JWT_START);
}

function isDigit(byte: number): boolean {
  return ((BYTE_CLASS[byte] as number) & DIGIT) !== 0;
}

/** What could stand around or behind the mark at `p`, as far as the bytes before it show. */
function kindsOfMark(w: TextWindow, p: number): number {
  const mark = w.at(p);
  if (mark === AT_SIGN) return p === w.start ? 0 : ADDRESSES;
  const before = w.at(p - 1);
  if (mark === DOT) return before === NINE ? TOKENS : 0;
  if (mark === SLASH)
    return before === LOWER_S && hasBytes(w, p - SERVICES.length, SERVICES) ? TOKENS : 0;
  // `Bearer `, `Basic `, or the end of a name such as api_key.
  return ((CUES[before] as number) & (mark === SPACE ? NAME_END | SCHEME_END : NAME_END)) === 0
    ? 0
    : TOKENS;
}

const WORD = 1;
/** Any byte but letters and digits that says something. */
const MARK = 2;
const ESCAPE = 4;
const COLON_CUE = 8;
const SCHEME_END = 32;
const NAME_END = 64;

/** What a byte is a sign of; 0 for nothing. */
const CUES = buildCues();

function buildCues(): Uint8Array {
  const table = new Uint8Array(256);
  const add = (bytes: Iterable<number>, bits: number): void => {
    for (const byte of bytes) table[byte] = (table[byte] as number) | bits;
  };
  const addEach = (characters: string, bits: number): void => add(encode(characters), bits);
  for (const [byte, bits] of BYTE_CLASS.entries()) if ((bits & ALNUM) !== 0) add([byte], WORD);
  addEach("%\\", MARK | ESCAPE);
  addEach(":", MARK | COLON_CUE);
  addEach(" @./\"'=>", MARK);
  addEach("rRcC", SCHEME_END);
  addEach("yYtTnNdD-_", NAME_END);
  return table;
}

/** By the first byte of a prefix, one bit per second byte (its low five bits). */
const SECOND_BYTES = buildSecondBytes();

function buildSecondBytes(): Int32Array {
  const table = new Int32Array(256);
  for (const prefix of [...SECRET_PREFIXES.map((entry) => encode(entry.prefix)), JWT_START]) {
    const [first, second] = prefix as unknown as [number, number];
    table[first] = (table[first] as number) | (1 << (second & 31));
  }
  return table;
}
