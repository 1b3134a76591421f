import {
  ALNUM,
  BYTE_CLASS,
  CLOSE_PAREN,
  DASH,
  DIGIT,
  DOT,
  OPEN_PAREN,
  SPACE,
} from "./byte-class.ts";
import type { TextWindow } from "./text-window.ts";

/** Longest payment card is 19 digits; a longer run is no number that a rule knows. */
export const MAX_GROUP_DIGITS = 19;
/** A card written digit by digit. */
const MAX_GROUPS = 19;
const MAX_TOTAL_DIGITS = 26;
/** `) -` between two groups. */
const MAX_SEPARATOR_BYTES = 3;

/**
 * A number as people write it: groups of digits with blanks, dashes, dots or brackets between them.
 * One object is reused for all numbers of a redactor.
 */
export class NumberGroups {
  count = 0;
  readonly starts = new Int32Array(MAX_GROUPS);
  readonly ends = new Int32Array(MAX_GROUPS);
  /** The separator before the group when it is a single byte, else 0. Index 0 is 0. */
  readonly separators = new Uint8Array(MAX_GROUPS);
  readonly digits = new Uint8Array(MAX_TOTAL_DIGITS);

  /** Reads the groups from the digit at `from`; false when the first run is too long for any rule. */
  read(w: TextWindow, from: number): boolean {
    this.count = 0;
    let start = from;
    let separator = 0;
    let total = 0;
    while (this.count < MAX_GROUPS) {
      const end = w.skipClass(start, start + MAX_GROUP_DIGITS + 1, DIGIT);
      total += end - start;
      if (end - start > MAX_GROUP_DIGITS) return this.count > 0;
      if (total > MAX_TOTAL_DIGITS) return true;
      this.starts[this.count] = start;
      this.ends[this.count] = end;
      this.separators[this.count] = separator;
      this.count += 1;
      start = nextGroup(w, end);
      if (start < 0) return true;
      separator = start - end === 1 ? w.at(end) : 0;
    }
    return true;
  }

  size(group: number): number {
    return (this.ends[group] as number) - (this.starts[group] as number);
  }

  start(group: number): number {
    return this.starts[group] as number;
  }

  end(group: number): number {
    return this.ends[group] as number;
  }

  separator(group: number): number {
    return group < this.count ? (this.separators[group] as number) : 0;
  }

  /** Have groups 0 to last these sizes? */
  hasSizes(sizes: readonly number[]): boolean {
    if (this.count < sizes.length) return false;
    for (let group = 0; group < sizes.length; group += 1) {
      if (this.size(group) !== sizes[group]) return false;
    }
    return true;
  }

  /** Do the first `count` groups stand apart by one and the same single byte? */
  isEven(count: number): boolean {
    if (count > this.count) return false;
    const first = this.separator(1);
    for (let group = 2; group < count; group += 1) {
      if (this.separator(group) !== first) return false;
    }
    return count < 2 || first !== 0;
  }

  /** Copies the values 0 to 9 of the first `count` groups into `digits`; returns how many. */
  copyDigits(w: TextWindow, count: number): number {
    let total = 0;
    for (let group = 0; group < count; group += 1) {
      for (let p = this.start(group); p < this.end(group); p += 1) {
        this.digits[total] = w.at(p) & 15;
        total += 1;
      }
    }
    w.examined += total;
    return total;
  }

  /** Does the number go on after group `last` in the way it is written, so that it is longer than the rule? */
  goesOn(last: number): boolean {
    const next = this.separator(last + 1);
    return next === DASH || next === DOT;
  }
}

/** Start of the digit group that follows a separator at `end`; -1 when none does. */
function nextGroup(w: TextWindow, end: number): number {
  let p = end;
  while (p - end < MAX_SEPARATOR_BYTES && isSeparator(w.at(p))) p += 1;
  w.examined += p - end + 1;
  return p > end && (w.classAt(p) & DIGIT) !== 0 ? p : -1;
}

function isSeparator(byte: number): boolean {
  return (
    byte === SPACE || byte === DASH || byte === DOT || byte === OPEN_PAREN || byte === CLOSE_PAREN
  );
}

/** Is the number the fraction of a decimal, or glued to a longer dotted number on its left? */
export function continuesDecimal(w: TextWindow, start: number): boolean {
  const before = w.at(start - 1);
  return (
    (before === DOT || before === DASH) && ((BYTE_CLASS[w.at(start - 2)] as number) & DIGIT) !== 0
  );
}

/** Is `end` followed by something that makes the digits before it part of a word or of a decimal? */
export function endsNumber(w: TextWindow, end: number): boolean {
  const after = w.at(end);
  if (((BYTE_CLASS[after] as number) & ALNUM) !== 0 || after === 0x5f) return false;
  return after !== DOT || (w.classAt(end + 1) & DIGIT) === 0;
}
