/** Bits needed for values 0..max; at least 1, because not every reader accepts a width of 0. */
export function bitWidth(max: number): number {
  return Math.max(1, 32 - Math.clz32(max));
}

/**
 * Packs `values[from, to)`, each below 2^width (width 1..32), least significant bit first, into `words`
 * from its start. The last word is padded with zeros. Returns the number of words.
 */
export function packBits(
  values: Uint32Array,
  range: { readonly from: number; readonly to: number; readonly width: number },
  words: Uint32Array,
): number {
  const { from, to, width } = range;
  let word = 0;
  let filled = 0;
  let at = 0;
  for (let index = from; index < to; index += 1) {
    const value = values[index] as number;
    word |= value << filled;
    filled += width;
    if (filled >= 32) {
      words[at] = word;
      at += 1;
      filled -= 32;
      word = filled === 0 ? 0 : value >>> (width - filled);
    }
  }
  if (filled > 0) {
    words[at] = word;
    at += 1;
  }
  return at;
}

/** Packs truth values (0 or 1) into a bitmap, least significant bit first; returns the offset behind it. */
export function packBitmap(
  input: { readonly flags: Uint8Array; readonly count: number },
  out: Uint8Array,
  at: number,
): number {
  const { flags, count } = input;
  let offset = at;
  let index = 0;
  for (; index + 8 <= count; index += 8) {
    out[offset] =
      (flags[index] as number) |
      ((flags[index + 1] as number) << 1) |
      ((flags[index + 2] as number) << 2) |
      ((flags[index + 3] as number) << 3) |
      ((flags[index + 4] as number) << 4) |
      ((flags[index + 5] as number) << 5) |
      ((flags[index + 6] as number) << 6) |
      ((flags[index + 7] as number) << 7);
    offset += 1;
  }
  if (index === count) return offset;
  let last = 0;
  for (let bit = 0; index + bit < count; bit += 1) last |= (flags[index + bit] as number) << bit;
  out[offset] = last;
  return offset + 1;
}
