import {
  BYTE_CLASS,
  DIGIT,
  DOT,
  LETTER,
  LOWER_BIT,
  OPEN_PAREN,
  PLUS,
  UNDERSCORE,
  ZERO,
} from "./byte-class.ts";
import { hasPhoneContext, mayHavePhoneLabelAfter } from "./number-context.ts";
import { groupAfter } from "./number-groups.ts";
import type { TextWindow } from "./text-window.ts";

/** The shortest number but an IPv4 address is a local phone number next to a word that says so. */
const MIN_DIGITS = 7;
/** The shortest payment card: from here on the rules themselves decide. */
const MIN_CARD_DIGITS = 12;
const IPV4_DOTS = 3;
/** Of an area code, and of the first group of a social security number. */
const AREA_DIGITS = 3;
const PLAIN_SOCIAL_SECURITY_DIGITS = 9;
const ONE = 0x31;
const LOWER_X = 0x78;
const LOWER_E = 0x65;

/**
 * Could the number whose first digit is at `from`, at the start of a word and without escapes in the field,
 * be one that a rule knows? No for what telemetry is full of: dates in model names, counters, versions, ids
 * that start with digits. Exact in one direction only: never no for what is one.
 */
export function mayBeNumber(w: TextWindow, from: number): boolean {
  const firstEnd = digitsEnd(w, from);
  let digits = 0;
  let dots = 0;
  let start = from;
  let end = firstEnd;
  for (;;) {
    if (!runsIntoName(w.at(end))) digits += end - start;
    if (digits >= MIN_CARD_DIGITS || dots === IPV4_DOTS) return true;
    start = groupAfter(w, end);
    if (start < 0) break;
    if (w.at(end) === DOT) dots += 1;
    end = digitsEnd(w, start);
  }
  if (digits < MIN_DIGITS) return false;
  const firstSize = firstEnd - from;
  if (hasFormOfNumber(w, from, firstSize)) return true;
  return firstSize > 1 && (hasPhoneContext(w, from) || mayHavePhoneLabelAfter(w, end));
}

function digitsEnd(w: TextWindow, from: number): number {
  const { bytes, end } = w;
  let p = from;
  while (p < end && ((BYTE_CLASS[bytes[p] as number] as number) & DIGIT) !== 0) p += 1;
  return p;
}

/** Digits do not end before a letter, but for the x of `x12` and the e of `ext. 12`. */
function runsIntoName(after: number): boolean {
  if (after === UNDERSCORE) return true;
  const letter = after | LOWER_BIT;
  return ((BYTE_CLASS[after] as number) & LETTER) !== 0 && letter !== LOWER_X && letter !== LOWER_E;
}

/** Plus sign, bracket, trunk prefix, or a first group as North American and social security numbers have it. */
function hasFormOfNumber(w: TextWindow, from: number, firstSize: number): boolean {
  const before = w.at(from - 1);
  if (before === PLUS || before === OPEN_PAREN || w.at(from) === ZERO) return true;
  if (firstSize === 1) return w.at(from) === ONE;
  return firstSize === AREA_DIGITS || firstSize === PLAIN_SOCIAL_SECURITY_DIGITS;
}
