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
/** Groups of a long row before those in use have to be moved. */
const KEPT_GROUPS = 8 * MAX_GROUPS;
/** `) -` between two groups. */
const MAX_SEPARATOR_BYTES = 3;

/**
 * A number as people write it: groups of digits with blanks, dashes, dots or brackets between them.
 * One object is reused for all numbers of a redactor. When the text goes on with what was the second group,
 * the groups move up by one: long rows of groups are read once, not once per group.
 */
export class NumberGroups {
  count = 0;
  /** Digits of all groups. */
  total = 0;
  /** Group 0 is at this index; the groups before it have moved out. */
  #first = 0;
  readonly #starts = new Int32Array(KEPT_GROUPS);
  readonly #ends = new Int32Array(KEPT_GROUPS);
  /** The separator before the group when it is a single character, as ASCII writes it, else 0. */
  readonly #separators = new Uint8Array(KEPT_GROUPS);
  readonly digits = new Uint8Array(MAX_TOTAL_DIGITS);

  /** To be called before another text, and when the text has changed. */
  clear(): void {
    this.count = 0;
  }

  /** Reads the groups from the digit at `from`; false when the first run is too long for any rule. */
  readFrom(w: TextWindow, from: number): boolean {
    if (this.count > 1 && this.start(1) === from) this.#moveUp();
    else {
      this.#first = 0;
      this.count = 0;
      this.total = 0;
      if (!this.#append(w, from, 0)) return false;
    }
    while (this.count < MAX_GROUPS) {
      const end = this.end(this.count - 1);
      const next = groupAfter(w, end);
      if (next < 0 || !this.#append(w, next, separatorOf(w, end, next))) break;
    }
    return true;
  }

  /** Adds the group that starts at `start` unless it is too long, or the number with it. */
  #append(w: TextWindow, start: number, separator: number): boolean {
    const end = w.skipClass(start, start + MAX_GROUP_DIGITS + 1, DIGIT);
    const size = end - start;
    if (size > MAX_GROUP_DIGITS || this.total + size > MAX_TOTAL_DIGITS) return false;
    const index = this.#first + this.count;
    this.#starts[index] = start;
    this.#ends[index] = end;
    this.#separators[index] = separator;
    this.count += 1;
    this.total += size;
    return true;
  }

  #moveUp(): void {
    this.total -= this.size(0);
    this.count -= 1;
    this.#first += 1;
    if (this.#first + MAX_GROUPS <= KEPT_GROUPS) return;
    const end = this.#first + this.count;
    this.#starts.copyWithin(0, this.#first, end);
    this.#ends.copyWithin(0, this.#first, end);
    this.#separators.copyWithin(0, this.#first, end);
    this.#first = 0;
  }

  size(group: number): number {
    return this.end(group) - this.start(group);
  }

  start(group: number): number {
    return this.#starts[this.#first + group] as number;
  }

  end(group: number): number {
    return this.#ends[this.#first + group] as number;
  }

  /** Index 0 has none: 0. */
  separator(group: number): number {
    if (group === 0 || group >= this.count) return 0;
    return this.#separators[this.#first + group] as number;
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

/** Start of the digit group that follows separators at `end`; -1 when none does. */
export function groupAfter(w: TextWindow, end: number): number {
  let p = end;
  while (p - end < MAX_SEPARATOR_BYTES && isSeparator(w.at(p))) p += 1;
  if (p === end && w.at(p) >= 0x80 && typographicSeparator(w, p) !== 0) p += characterBytes(w, p);
  w.examined += p - end + 1;
  return p > end && (w.classAt(p) & DIGIT) !== 0 ? p : -1;
}

function separatorOf(w: TextWindow, end: number, next: number): number {
  if (next - end === 1) return w.at(end);
  return w.at(end) < 0x80 ? 0 : typographicSeparator(w, end);
}

/**
 * A blank or a dash when the character at `p` is one of those that word processors and web pages put into numbers
 * (no-break and thin spaces, no-break hyphens, dashes), 0 for any other.
 */
export function typographicSeparator(w: TextWindow, p: number): number {
  const second = w.at(p + 1);
  // U+00A0.
  if (w.at(p) === 0xc2) return second === 0xa0 ? SPACE : 0;
  const third = w.at(p + 2);
  if (w.at(p) !== 0xe2) return 0;
  // U+2212, the minus sign.
  if (second === 0x88) return third === 0x92 ? DASH : 0;
  if (second !== 0x80) return 0;
  // U+2000 to U+200A, U+202F; U+2010 to U+2015.
  if ((third >= 0x80 && third <= 0x8a) || third === 0xaf) return SPACE;
  return third >= 0x90 && third <= 0x95 ? DASH : 0;
}

/** Of a typographic separator. */
export function characterBytes(w: TextWindow, p: number): number {
  return w.at(p) === 0xc2 ? 2 : 3;
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
