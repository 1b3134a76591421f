import { DASH, DIGIT, SPACE } from "./byte-class.ts";
import { continuesDecimal, endsNumber } from "./number-groups.ts";
import type { NumberGroups } from "./number-groups.ts";
import { hasCardContext } from "./number-context.ts";
import type { TextWindow } from "./text-window.ts";

/** Maestro is issued from 12 digits on; so short a number needs the word "card" before it. */
const MIN_CARD_DIGITS = 12;
const MAX_CARD_DIGITS = 19;
const PREFIX_DIGITS = 4;

interface IssuerRange {
  /** Inclusive, compared with the leading digits of the same count. */
  readonly from: number;
  readonly to: number;
  readonly prefixDigits: number;
  readonly lengths: readonly number[];
}

const range = (from: number, to: number, lengths: readonly number[]): IssuerRange => ({
  from,
  to,
  prefixDigits: String(from).length,
  lengths,
});

const ANY_MAESTRO = [12, 13, 14, 15, 16, 17, 18, 19];

/**
 * Issuer ranges (ISO/IEC 7812-1), as the networks publish them. They keep out what looks like a card
 * and passes Luhn one time in ten: epoch milliseconds, microseconds and nanoseconds (1...), row ids.
 * @see https://en.wikipedia.org/wiki/Payment_card_number#Issuer_identification_number_(IIN)
 */
export const ISSUER_RANGES: readonly IssuerRange[] = [
  range(4, 4, [13, 16, 18, 19]), // Visa
  range(34, 34, [15]), // American Express
  range(37, 37, [15]),
  range(36, 36, [14, 16, 19]), // Diners Club
  range(38, 39, [14, 16, 19]),
  range(300, 305, [14, 16, 19]),
  range(309, 309, [14, 16, 19]),
  range(35, 35, [15, 16, 17, 18, 19]), // JCB
  range(1800, 1800, [15]),
  range(2131, 2131, [15]),
  range(2014, 2014, [15]), // Diners Club enRoute
  range(2149, 2149, [15]),
  range(2200, 2204, [16, 17, 18, 19]), // Mir
  range(2205, 2720, [16]), // Mastercard, with the neighbours of its 2221-2720
  range(5, 5, ANY_MAESTRO), // Mastercard, Maestro
  range(6, 6, ANY_MAESTRO), // Discover, UnionPay, Maestro, RuPay, Elo
  range(81, 82, [16]), // RuPay, UnionPay
  range(9792, 9792, [16]), // Troy
];

/** Bit n of the entry for the first four digits is set when a card that starts so can have n digits. */
const LENGTHS_BY_PREFIX = buildLengths();

function buildLengths(): Int32Array {
  const table = new Int32Array(10 ** PREFIX_DIGITS);
  for (const { from, to, prefixDigits, lengths } of ISSUER_RANGES) {
    const scale = 10 ** (PREFIX_DIGITS - prefixDigits);
    const bits = lengths.reduce((set, length) => set | (1 << length), 0);
    for (let prefix = from * scale; prefix < (to + 1) * scale; prefix += 1) {
      table[prefix] = (table[prefix] as number) | bits;
    }
  }
  return table;
}

/** Finds a payment card number that starts with group 0: issuer, length, grouping and Luhn must agree. */
export function findPaymentCard(w: TextWindow, groups: NumberGroups): boolean {
  const start = groups.start(0);
  if (groups.total < MIN_CARD_DIGITS) return false;
  const lengths = lengthsOfIssuer(w, start);
  if (lengths === 0 || continuesDecimal(w, start)) return false;
  let total = groups.copyDigits(w, groups.count);
  for (let count = groups.count; total >= MIN_CARD_DIGITS; count -= 1) {
    const isLength = total <= MAX_CARD_DIGITS && (lengths & (1 << total)) !== 0;
    if (isLength && isCardGrouping(groups, count) && isCard(w, groups, total)) {
      const end = groups.end(count - 1);
      if (endsNumber(w, end)) return w.found(start, end);
    }
    total -= groups.size(count - 1);
  }
  return false;
}

function isCard(w: TextWindow, groups: NumberGroups, total: number): boolean {
  w.examined += total;
  if (!passesLuhn(groups.digits, total)) return false;
  return total > MIN_CARD_DIGITS || hasCardContext(w, groups.start(0));
}

/** By the first digits at `start`, with separators between them. */
function lengthsOfIssuer(w: TextWindow, start: number): number {
  let prefix = 0;
  let count = 0;
  for (let p = start; count < PREFIX_DIGITS; p += 1) {
    if ((w.classAt(p) & DIGIT) === 0) continue;
    prefix = prefix * 10 + (w.at(p) & 15);
    count += 1;
  }
  return LENGTHS_BY_PREFIX[prefix] as number;
}

/** One run; fours; 4-6-5 and 4-6-4; or digit by digit: always with one kind of separator. */
function isCardGrouping(groups: NumberGroups, count: number): boolean {
  if (count === 1) return true;
  const separator = groups.separator(1);
  if ((separator !== SPACE && separator !== DASH) || !groups.isEven(count)) return false;
  if (separator === DASH && groups.goesOn(count - 1)) return false;
  return (count === 3 && groups.hasSizes([4, 6])) || isFoursOrOnes(groups, count);
}

function isFoursOrOnes(groups: NumberGroups, count: number): boolean {
  const size = groups.size(0);
  if (size !== 1 && size !== 4) return false;
  for (let group = 1; group < count - 1; group += 1) if (groups.size(group) !== size) return false;
  return groups.size(count - 1) <= size;
}

/** ISO/IEC 7812-1 annex B; the first `total` entries are digits 0 to 9. */
export function passesLuhn(digits: Uint8Array, total: number): boolean {
  let sum = 0;
  for (let i = 0; i < total; i += 1) {
    const digit = digits[total - 1 - i] as number;
    const doubled = digit * 2;
    if (i % 2 === 0) sum += digit;
    else sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 && sum > 0;
}
