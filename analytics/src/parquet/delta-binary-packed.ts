import type { ByteBuffer } from "./byte-buffer.ts";
import { MAX_VARINT_BYTES, writeVarint, zigzag } from "./varint.ts";

const BLOCK_VALUES = 128;
const MINIBLOCKS = 4;
const MINIBLOCK_VALUES = BLOCK_VALUES / MINIBLOCKS;
const TWO_32 = 4294967296;
/** Deltas are computed as doubles: beyond this they (or their zigzag form) would not be exact. */
const MAX_DELTA = 2 ** 51;
/** Header, minimum and widths of a block, and 64 bits for each of its values. */
const MAX_BLOCK_BYTES = MAX_VARINT_BYTES + MINIBLOCKS + BLOCK_VALUES * 8;

/** Memory of one block, made once. */
export class DeltaScratch {
  readonly deltas = new Float64Array(BLOCK_VALUES);
  /** One packed miniblock: 32 values of up to 64 bits. */
  readonly words = new Uint32Array(MINIBLOCK_VALUES * 2);
  readonly wordBytes = new Uint8Array(this.words.buffer);
}

/**
 * Appends 64-bit numbers, given as pairs of 32-bit words (low first), as DELTA_BINARY_PACKED. Answers
 * false and leaves `out` as it was when two neighbours lie too far apart for exact arithmetic, or when
 * the result would take more than `maxBytes`.
 */
export function appendDeltas(
  input: { readonly words: Uint32Array; readonly count: number; readonly maxBytes: number },
  scratch: DeltaScratch,
  out: ByteBuffer,
): boolean {
  const { words, count } = input;
  const begin = out.length;
  appendHeader(words, count, out);
  for (let from = 1; from < count; from += BLOCK_VALUES) {
    const length = Math.min(BLOCK_VALUES, count - from);
    const least = computeDeltas(words, { from, length }, scratch.deltas);
    if (least === undefined || out.length - begin > input.maxBytes) {
      out.length = begin;
      return false;
    }
    appendBlock({ least, length }, scratch, out);
  }
  return true;
}

function appendHeader(words: Uint32Array, count: number, out: ByteBuffer): void {
  const bytes = out.reserve(4 * MAX_VARINT_BYTES);
  let at = writeVarint(bytes, out.length, BLOCK_VALUES);
  at = writeVarint(bytes, at, MINIBLOCKS);
  at = writeVarint(bytes, at, count);
  const first = (BigInt((words[1] ?? 0) | 0) << 32n) | BigInt(words[0] ?? 0);
  out.length = writeBigVarint(bytes, at, first < 0n ? -first * 2n - 1n : first * 2n);
}

function writeBigVarint(bytes: Uint8Array, at: number, value: bigint): number {
  let rest = value;
  let offset = at;
  while (rest >= 128n) {
    bytes[offset] = Number(rest & 127n) | 128;
    offset += 1;
    rest >>= 7n;
  }
  bytes[offset] = Number(rest);
  return offset + 1;
}

/** Fills `deltas` and returns the least of them; undefined when one is out of range. */
function computeDeltas(
  words: Uint32Array,
  range: { readonly from: number; readonly length: number },
  deltas: Float64Array,
): number | undefined {
  const { from, length } = range;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let at = from * 2;
  let lastLow = words[at - 2] as number;
  let lastHigh = (words[at - 1] as number) | 0;
  for (let index = 0; index < length; index += 1) {
    const low = words[at] as number;
    const high = (words[at + 1] as number) | 0;
    const delta = (high - lastHigh) * TWO_32 + (low - lastLow);
    deltas[index] = delta;
    if (delta < least) least = delta;
    if (delta > most) most = delta;
    lastLow = low;
    lastHigh = high;
    at += 2;
  }
  return least < -MAX_DELTA || most > MAX_DELTA ? undefined : least;
}

function appendBlock(
  block: { readonly least: number; readonly length: number },
  scratch: DeltaScratch,
  out: ByteBuffer,
): void {
  const bytes = out.reserve(MAX_BLOCK_BYTES);
  const widthsAt = writeVarint(bytes, out.length, zigzag(block.least));
  let at = widthsAt + MINIBLOCKS;
  for (let part = 0; part < MINIBLOCKS; part += 1) {
    const from = part * MINIBLOCK_VALUES;
    const to = Math.min(from + MINIBLOCK_VALUES, block.length);
    const width = to <= from ? 0 : packMiniblock({ from, to, least: block.least }, scratch);
    bytes[widthsAt + part] = width;
    const sizeBytes = (width * MINIBLOCK_VALUES) / 8;
    for (let index = 0; index < sizeBytes; index += 1) {
      bytes[at + index] = scratch.wordBytes[index] as number;
    }
    at += sizeBytes;
  }
  out.length = at;
}

/**
 * Packs one miniblock into `scratch.words`, padded with zeros to MINIBLOCK_VALUES values, and returns its
 * width in bits (0..52). Values wider than 32 bits are packed as their low word and the rest.
 */
function packMiniblock(
  part: { readonly from: number; readonly to: number; readonly least: number },
  scratch: DeltaScratch,
): number {
  const { from, to, least } = part;
  const { deltas, words } = scratch;
  const width = widthOfMost(deltas, part);
  if (width === 0) return 0;
  const lowWidth = Math.min(width, 32);
  let word = 0;
  let filled = 0;
  let at = 0;
  for (let index = from; index < to; index += 1) {
    const value = (deltas[index] as number) - least;
    const low = value >>> 0;
    word |= low << filled;
    filled += lowWidth;
    if (filled >= 32) {
      words[at] = word;
      at += 1;
      filled -= 32;
      word = filled === 0 ? 0 : low >>> (lowWidth - filled);
    }
    if (width <= 32) continue;
    const high = Math.floor(value / TWO_32);
    word |= high << filled;
    filled += width - 32;
    if (filled >= 32) {
      words[at] = word;
      at += 1;
      filled -= 32;
      word = filled === 0 ? 0 : high >>> (width - 32 - filled);
    }
  }
  if (filled > 0) {
    words[at] = word;
    at += 1;
  }
  words.fill(0, at, width);
  return width;
}

function widthOfMost(
  deltas: Float64Array,
  part: { readonly from: number; readonly to: number; readonly least: number },
): number {
  let most = part.least;
  for (let index = part.from; index < part.to; index += 1) {
    const delta = deltas[index] as number;
    if (delta > most) most = delta;
  }
  const span = most - part.least;
  return span < TWO_32 ? 32 - Math.clz32(span) : 64 - Math.clz32(Math.floor(span / TWO_32));
}
