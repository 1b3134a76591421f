/** Longest varint of a safe integer or a 64-bit number. */
export const MAX_VARINT_BYTES = 10;

/** Writes an unsigned LEB128 number (a safe integer) at `at` and returns the offset behind it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let offset = at;
  while (rest >= 128) {
    bytes[offset] = (rest % 128) | 128;
    offset += 1;
    rest = Math.floor(rest / 128);
  }
  bytes[offset] = rest;
  return offset + 1;
}

/** A signed number in zigzag order: 0, -1, 1, -2, ... `value` must lie within +-2^52. */
export function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}
