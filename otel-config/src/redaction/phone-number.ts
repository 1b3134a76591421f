import {
  CLOSE_PAREN,
  DASH,
  DIGIT,
  DOT,
  LOWER_BIT,
  OPEN_PAREN,
  PLUS,
  SPACE,
  ZERO,
} from "./byte-class.ts";
import { hasPhoneContext, hasPhoneLabelAfter } from "./number-context.ts";
import { continuesDecimal, endsNumber } from "./number-groups.ts";
import type { NumberGroups } from "./number-groups.ts";
import { escapedCode, percentEscapeAt, startsWord, unicodeEscapeAt } from "./text-window.ts";
import type { TextWindow } from "./text-window.ts";

/** E.164: at most 15 digits with the country code; the shortest complete ones have 8. */
const MIN_INTERNATIONAL_DIGITS = 8;
const MAX_INTERNATIONAL_DIGITS = 15;
/** National numbers with a trunk prefix `0`: shorter ones look like dates and codes. */
const MIN_TRUNK_DIGITS = 9;
const MAX_TRUNK_DIGITS = 12;
/** What counts as a number only where the text says that it is a phone number. */
const MIN_CONTEXT_DIGITS = 7;
const MAX_CONTEXT_DIGITS = 13;
const MAX_CONTEXT_GROUPS = 6;
const MAX_EXTENSION_DIGITS = 6;
const NORTH_AMERICAN = [3, 3, 4];
const NORTH_AMERICAN_WITH_TRUNK = [1, 3, 3, 4];

/** Finds a phone number whose first digit group is group 0. */
export function findPhoneNumber(w: TextWindow, groups: NumberGroups): boolean {
  const start = groups.start(0);
  const plus = plusBefore(w, start);
  if (plus >= 0) return findInternational(w, groups, plus);
  if (continuesDecimal(w, start)) return false;
  const groupCount = formattedCount(w, groups) || contextCount(w, groups);
  return groupCount > 0 && found(w, groups, groupCount);
}

/** The groups of a number that its form alone shows to be a phone number; 0 when it does not. */
function formattedCount(w: TextWindow, groups: NumberGroups): number {
  if (groups.total < MIN_TRUNK_DIGITS) return bracketCount(w, groups);
  return (
    northAmericanCount(w, groups) ||
    exitPrefixCount(w, groups) ||
    bracketCount(w, groups) ||
    trunkCount(w, groups)
  );
}

/** Records the first groups as a match, with the bracket that opens before them and an extension behind. */
function found(w: TextWindow, groups: NumberGroups, groupCount: number): boolean {
  const start = isBracketed(w, groups) ? groups.start(0) - 1 : groups.start(0);
  return w.found(start, extensionEnd(w, groups.end(groupCount - 1)));
}

/** Start of a plus sign, plain or escaped, that ends at `start`; -1 when there is none. */
function plusBefore(w: TextWindow, start: number): number {
  const at = w.at(start - 1) === OPEN_PAREN ? start - 1 : start;
  if (w.at(at - 1) === PLUS) return startsWord(w, at - 1) ? at - 1 : -1;
  if (percentEscapeAt(w, at - 3) && escapedCode(w, at - 3) === PLUS) return at - 3;
  return unicodeEscapeAt(w, at - 6) && escapedCode(w, at - 6) === PLUS ? at - 6 : -1;
}

function findInternational(w: TextWindow, groups: NumberGroups, plus: number): boolean {
  const first = w.at(groups.start(0));
  if (first === ZERO) return false;
  // The North American plan is the one with a fixed length: nothing behind its 11th digit belongs to it.
  const most = first === 0x31 ? 11 : MAX_INTERNATIONAL_DIGITS;
  const groupCount = countUpTo(w, groups, most);
  if (groupCount === 0 || digitsIn(groups, groupCount) < MIN_INTERNATIONAL_DIGITS) return false;
  return w.found(plus, extensionEnd(w, groups.end(groupCount - 1)));
}

/** 3-3-4, also with 1 before it; with blanks only when the exchange is a valid one. */
function northAmericanCount(w: TextWindow, groups: NumberGroups): number {
  const hasTrunk = groups.hasSizes(NORTH_AMERICAN_WITH_TRUNK) && w.at(groups.start(0)) === 0x31;
  if (!hasTrunk && !groups.hasSizes(NORTH_AMERICAN)) return 0;
  const area = hasTrunk ? 1 : 0;
  const last = area + 2;
  const hasArea = w.at(groups.start(area)) >= 0x32;
  const hasExchange = w.at(groups.start(area + 1)) >= 0x32;
  const isStrong = groups.separator(last) === DASH || groups.separator(last) === DOT;
  if (!hasArea || !(hasExchange || isStrong) || groups.separator(last) === 0) return 0;
  return isWhole(w, groups, last) ? last + 1 : 0;
}

/** `00` instead of the plus sign: `001-518-640-0854`. */
function exitPrefixCount(w: TextWindow, groups: NumberGroups): number {
  const start = groups.start(0);
  if (w.at(start) !== ZERO || w.at(start + 1) !== ZERO || groups.size(0) < 2) return 0;
  const isPlain00 = groups.size(0) === 2;
  if (w.at(isPlain00 ? groups.start(1) : start + 2) === ZERO) return 0;
  const groupCount = countUpTo(w, groups, MAX_INTERNATIONAL_DIGITS + 2);
  return groupCount >= 3 && digitsIn(groups, groupCount) >= 11 ? groupCount : 0;
}

/** An area code in brackets: `(08) 8747 6301`, `(555) 1234567`; `(2019) 123-145` is a citation. */
function bracketCount(w: TextWindow, groups: NumberGroups): number {
  if (!isBracketed(w, groups) || !startsWord(w, groups.start(0) - 1)) return 0;
  if (groups.size(0) < 2 || groups.size(0) > 5 || isYear(w, groups, 0)) return 0;
  const groupCount = countUpTo(w, groups, MAX_TRUNK_DIGITS);
  const total = digitsIn(groups, groupCount);
  return groupCount > 1 && groupCount <= 5 && total >= 8 ? groupCount : 0;
}

function isBracketed(w: TextWindow, groups: NumberGroups): boolean {
  return w.at(groups.start(0) - 1) === OPEN_PAREN && w.at(groups.end(0)) === CLOSE_PAREN;
}

/** A trunk prefix: `07700 063 966`, `01.84.17.61.18`, `0961-7596216`. */
function trunkCount(w: TextWindow, groups: NumberGroups): number {
  const start = groups.start(0);
  if (w.at(start) !== ZERO || w.at(start + 1) === ZERO || groups.size(0) > 5) return 0;
  const groupCount = countUpTo(w, groups, MAX_TRUNK_DIGITS);
  // Two groups of nine digits are a house number and a postcode as often as a phone number.
  const least = groupCount === 2 ? MIN_TRUNK_DIGITS + 1 : MIN_TRUNK_DIGITS;
  if (groupCount < 2 || digitsIn(groups, groupCount) < least) return 0;
  if (!isEvenWithoutSingles(groups, groupCount) || isDate(w, groups)) return 0;
  return startsAllWithZero(w, groups, groupCount) ? 0 : groupCount;
}

/** Any other grouping, also none, where a word before or behind says what it is. */
function contextCount(w: TextWindow, groups: NumberGroups): number {
  if (groups.size(0) < 2 || isDate(w, groups)) return 0;
  const groupCount = countUpTo(w, groups, MAX_CONTEXT_DIGITS);
  const total = digitsIn(groups, groupCount);
  if (total < MIN_CONTEXT_DIGITS || groupCount > MAX_CONTEXT_GROUPS) return 0;
  if (!isEvenWithoutSingles(groups, groupCount)) return 0;
  if (hasPhoneContext(w, groups.start(0))) return groupCount;
  const end = groups.end(groupCount - 1);
  const mayBeLabelled = groupCount > 1 || w.at(end) === DASH;
  return mayBeLabelled && hasPhoneLabelAfter(w, end) ? groupCount : 0;
}

/** One kind of separator, and no group of a single digit. */
function isEvenWithoutSingles(groups: NumberGroups, groupCount: number): boolean {
  for (let group = 0; group < groupCount; group += 1) if (groups.size(group) < 2) return false;
  return groups.isEven(groupCount);
}

/** The most leading groups with at most this many digits that end like a number; 0 when none do. */
function countUpTo(w: TextWindow, groups: NumberGroups, maxDigits: number): number {
  let groupCount = groups.count;
  let total = digitsIn(groups, groupCount);
  while (groupCount > 0 && (total > maxDigits || !isWhole(w, groups, groupCount - 1))) {
    groupCount -= 1;
    total -= groups.size(groupCount);
  }
  return groupCount;
}

function digitsIn(groups: NumberGroups, groupCount: number): number {
  let total = 0;
  for (let group = 0; group < groupCount; group += 1) total += groups.size(group);
  return total;
}

function isWhole(w: TextWindow, groups: NumberGroups, last: number): boolean {
  const end = groups.end(last);
  return (endsNumber(w, end) && !groups.goesOn(last)) || extensionEnd(w, end) > end;
}

/** 2024-01-31, 31.01.2024, 01 02 2024 */
function isDate(w: TextWindow, groups: NumberGroups): boolean {
  if (groups.count < 3 || groups.size(1) > 2) return false;
  if (groups.size(2) <= 2) return isYear(w, groups, 0);
  return groups.size(0) <= 2 && isYear(w, groups, 2);
}

function isYear(w: TextWindow, groups: NumberGroups, group: number): boolean {
  const start = groups.start(group);
  const century = w.at(start) * 256 + w.at(start + 1);
  return groups.size(group) === 4 && (century === 0x3139 || century === 0x3230);
}

/** `0123 0456 0789`: a list of zero-padded numbers. */
function startsAllWithZero(w: TextWindow, groups: NumberGroups, groupCount: number): boolean {
  for (let group = 0; group < groupCount; group += 1) {
    if (w.at(groups.start(group)) !== ZERO) return false;
  }
  return true;
}

/** End of `x123`, ` ext. 123`, ` #12` behind a number that ends at `end`; `end` when there is none. */
function extensionEnd(w: TextWindow, end: number): number {
  let p = w.at(end) === SPACE ? end + 1 : end;
  const mark = w.at(p) | LOWER_BIT;
  if (mark === 0x78 || mark === 0x23) p += 1;
  else if (
    mark === 0x65 &&
    (w.at(p + 1) | LOWER_BIT) === 0x78 &&
    (w.at(p + 2) | LOWER_BIT) === 0x74
  )
    p += 3;
  else return end;
  if (w.at(p) === DOT) p += 1;
  if (w.at(p) === SPACE) p += 1;
  const digitsEnd = w.skipClass(p, p + MAX_EXTENSION_DIGITS + 1, DIGIT);
  const count = digitsEnd - p;
  return count > 0 && count <= MAX_EXTENSION_DIGITS && endsNumber(w, digitsEnd) ? digitsEnd : end;
}
