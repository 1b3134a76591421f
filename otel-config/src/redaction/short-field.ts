/**
 * What the detectors need not look for in a short field. Nearly every attribute of real telemetry (models,
 * operations, hosts, ids) is decided here, most of them in the first glance. Exact in one direction only: a
 * bit that is not set means that no rule of that kind can match; a bit that is set, that one might.
 */
import { ALNUM, AT_SIGN, BYTE_CLASS, COLON, DIGIT, DOT, SLASH, SPACE } from "./byte-class.ts";
import { MIN_NUMERIC_BYTES } from "./candidate-scan.ts";
import { SECRET_PREFIXES } from "./secret-prefixes.ts";
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
/** The shortest number but an IP address is a local phone number next to a word that says so. */
const MIN_CHAIN_DIGITS = 7;
const IPV4_DOTS = 3;
/** Of an address without `::`. */
const IPV6_COLONS = 7;
const MAX_SEPARATOR_BYTES = 3;
/** Norway's, the shortest. */
const MIN_IBAN_BYTES = 15;
const TWO_DASHES = 0x2d2d0000;
const UPPER_HALF = 0xffff0000 | 0;
const AT_SIGNS = 0x40404040;
const JWT_START = "eyJ";
const NINE = 0x39;
const LOWER_S = 0x73;

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
  // Of the last bytes only the digits matter: every other match goes on for longer.
  if (p < end) digitSums += digitMarks(view.getInt32(end - 4, true) >>> ((4 + p - end) << 3)) >>> 7;
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
  let before = 0;
  w.examined += end - start;
  for (let p = start; p < end; p += 1) {
    const byte = bytes[p] as number;
    const cue = CUES[byte] as number;
    if ((cue & WORD) !== 0) {
      if (((CUES[before] as number) & WORD) === 0) kinds |= kindsOfWord(w, p);
    } else if (cue !== 0) {
      // An escape can hide what its bytes would show.
      if ((cue & ESCAPE) !== 0) return possible;
      if (byte === COLON) colons += before === COLON ? IPV6_COLONS : 1;
      if (byte === AT_SIGN) kinds |= ADDRESSES;
      if (introducesSecret(byte, before)) kinds |= TOKENS;
    }
    before = byte;
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
  const kinds = ((seconds >>> ((bytes[p + 1] as number) & 31)) & 1) === 0 ? 0 : TOKENS;
  if (isDigit(first)) return isLongNumber(w, p) ? kinds | NUMBERS : kinds;
  const mayBeIban =
    p + MIN_IBAN_BYTES <= end && isDigit(bytes[p + 2] as number) && isDigit(bytes[p + 3] as number);
  return mayBeIban ? kinds | NUMBERS : kinds;
}

/** Does the number that starts at `p` have the digits of a phone number, or the dots of an IPv4 address? */
function isLongNumber({ bytes, end }: TextWindow, from: number): boolean {
  let digits = 0;
  let dots = 0;
  let p = from;
  for (;;) {
    const start = p;
    while (p < end && isDigit(bytes[p] as number)) p += 1;
    digits += p - start;
    if (digits >= MIN_CHAIN_DIGITS || dots === IPV4_DOTS) return true;
    const next = nextDigit(bytes, p, Math.min(end, p + MAX_SEPARATOR_BYTES + 1));
    if (next < 0) return false;
    if (bytes[p] === DOT) dots += 1;
    p = next;
  }
}

/** The first digit behind separators, before `limit`; -1 when something else stands there. */
function nextDigit(bytes: Uint8Array, from: number, limit: number): number {
  let p = from;
  while (p < limit && ((CUES[bytes[p] as number] as number) & SEPARATOR) !== 0) p += 1;
  return p > from && p < limit && isDigit(bytes[p] as number) ? p : -1;
}

function isDigit(byte: number): boolean {
  return ((BYTE_CLASS[byte] as number) & DIGIT) !== 0;
}

/**
 * `ya29.`, `/services/`, `Bearer ` and `Basic `, or the end of a name such as api_key, as far as the byte
 * and the one before it show.
 */
function introducesSecret(byte: number, before: number): boolean {
  if (byte === DOT) return before === NINE;
  if (byte === SLASH) return before === LOWER_S;
  const cues = CUES[before] as number;
  if (byte === SPACE && (cues & SCHEME_END) !== 0) return true;
  return (cues & NAME_END) !== 0 && ((CUES[byte] as number) & ASSIGNMENT) !== 0;
}

const WORD = 1;
const ESCAPE = 2;
const SEPARATOR = 4;
const ASSIGNMENT = 8;
const SCHEME_END = 16;
const NAME_END = 32;
const OTHER = 64;

/** What a byte says about its neighbours; 0 for nothing. */
const CUES = buildCues();

function buildCues(): Uint8Array {
  const table = new Uint8Array(256);
  const add = (bytes: Iterable<number>, bits: number): void => {
    for (const byte of bytes) table[byte] = (table[byte] as number) | bits;
  };
  const addEach = (characters: string, bits: number): void =>
    add(new TextEncoder().encode(characters), bits);
  for (const [byte, bits] of BYTE_CLASS.entries()) if ((bits & ALNUM) !== 0) add([byte], WORD);
  addEach("%\\", ESCAPE);
  addEach(" -.()", SEPARATOR);
  addEach(" \"'=:>", ASSIGNMENT);
  addEach("rRcC", SCHEME_END);
  addEach("yYtTnNdD-_", NAME_END);
  addEach("@/", OTHER);
  return table;
}

/** By the first byte of a prefix, one bit per second byte (its low five bits). */
const SECOND_BYTES = buildSecondBytes();

function buildSecondBytes(): Int32Array {
  const table = new Int32Array(256);
  for (const prefix of [...SECRET_PREFIXES.map((entry) => entry.prefix), JWT_START]) {
    const first = prefix.charCodeAt(0);
    table[first] = (table[first] as number) | (1 << (prefix.charCodeAt(1) & 31));
  }
  return table;
}
