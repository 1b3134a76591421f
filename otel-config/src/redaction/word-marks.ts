/** Bit 7 of every byte of a 32-bit word. The functions here look at four bytes at once. */
export const HIGH_BITS = 0x80808080 | 0;

/**
 * Bit 7 of each byte that is a digit or a colon: t = b ^ 0x30 is below 0x0B for them, and then (t - 0x0B)
 * borrows into bit 7. A borrow from the byte below can only add a mark (to a `;`), never take one away.
 */
export function digitMarks(x: number): number {
  const t = x ^ 0x30303030;
  return (t - 0x0b0b0b0b) & ~t & HIGH_BITS;
}

/**
 * Bit 7 of a byte is set when it is a blank, a control, one of !"#$%&'()* or not ASCII; other bits are
 * noise. (b - 0x2B) borrows into bit 7 below 0x2B, and b itself has it from 0x80 on. A borrow that leaves
 * its byte only ever comes from a byte that is already marked, so "no mark in the word" is exact.
 */
export function blankMarks(x: number): number {
  return (x - 0x2b2b2b2b) | x;
}

/** Bit 7 of the lowest byte that is zero, and of none when none is; higher bytes may be marked wrongly. */
export function zeroMarks(x: number): number {
  return (x - 0x01010101) & ~x & HIGH_BITS;
}
