import { DASH, SPACE } from "./byte-class.ts";
import { hasSocialSecurityContext } from "./number-context.ts";
import { continuesDecimal, endsNumber } from "./number-groups.ts";
import type { NumberGroups } from "./number-groups.ts";
import type { TextWindow } from "./text-window.ts";

const SIZES = [3, 2, 4];
const PLAIN_DIGITS = 9;

/**
 * Finds a US social security number that starts with group 0: 3-2-4 with dashes or blanks, or nine plain
 * digits next to its name. Numbers that were never issued do not count.
 * @see https://www.ssa.gov/employer/randomization.html
 */
export function findSocialSecurityNumber(w: TextWindow, groups: NumberGroups): boolean {
  const start = groups.start(0);
  if (continuesDecimal(w, start)) return false;
  const isPlain = groups.size(0) === PLAIN_DIGITS;
  const last = isPlain ? 0 : 2;
  if (isPlain ? !hasSocialSecurityContext(w, start) : !isGrouped(groups)) return false;
  if (!endsNumber(w, groups.end(last)) || groups.goesOn(last)) return false;
  groups.copyDigits(w, last + 1);
  return isIssued(groups.digits) && w.found(start, groups.end(last));
}

function isGrouped(groups: NumberGroups): boolean {
  const separator = groups.separator(1);
  return (separator === DASH || separator === SPACE) && groups.hasSizes(SIZES) && groups.isEven(3);
}

function isIssued(digits: Uint8Array): boolean {
  const area = valueOf(digits, 0, 3);
  const hasArea = area !== 0 && area !== 666 && area < 900;
  return hasArea && valueOf(digits, 3, 5) !== 0 && valueOf(digits, 5, PLAIN_DIGITS) !== 0;
}

function valueOf(digits: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i += 1) value = value * 10 + (digits[i] as number);
  return value;
}
