import { packBitmap, packBits } from "./bit-packing.ts";
import type { ByteBuffer } from "./byte-buffer.ts";
import { MAX_VARINT_BYTES, writeVarint } from "./varint.ts";

/** Shortest run of equal values worth a run of its own: one bit-packed group. */
const MIN_RUN_VALUES = 8;
/** The same for bitmaps, in bytes of equal bits: a run costs its header and the next one's. */
const MIN_RUN_BYTES = 4;

/** Values to encode, their width in bits, and memory for their packed form. */
export interface HybridInput {
  readonly values: Uint32Array;
  readonly count: number;
  readonly width: number;
  /** At least `count` words. */
  readonly words: Uint32Array;
}

/** Appends `input.values` in Parquet's RLE / bit-packing hybrid, without a length in front. */
export function appendHybrid(input: HybridInput, out: ByteBuffer): void {
  const { values, count } = input;
  let literalsFrom = 0;
  let index = 0;
  while (index < count) {
    const value = values[index] as number;
    let end = index + 1;
    while (end < count && values[end] === value) end += 1;
    // literals come in groups of eight: the head of the run fills the last group
    const runFrom = literalsFrom + ((index - literalsFrom + 7) & ~7);
    if (end - runFrom >= MIN_RUN_VALUES) {
      appendLiterals(input, { from: literalsFrom, to: runFrom }, out);
      appendRun(value, { length: end - runFrom, widthBytes: (input.width + 7) >>> 3 }, out);
      literalsFrom = end;
    }
    index = end;
  }
  appendLiterals(input, { from: literalsFrom, to: count }, out);
}

function appendLiterals(
  input: HybridInput,
  range: { readonly from: number; readonly to: number },
  out: ByteBuffer,
): void {
  const { from, to } = range;
  if (from === to) return;
  const groups = (to - from + 7) >>> 3;
  const sizeBytes = groups * input.width;
  const bytes = out.reserve(MAX_VARINT_BYTES + sizeBytes);
  const at = writeVarint(bytes, out.length, groups * 2 + 1);
  const wordCount = packBits(input.values, { from, to, width: input.width }, input.words);
  const packedBytes = Math.min(wordCount * 4, sizeBytes);
  bytes.set(new Uint8Array(input.words.buffer, input.words.byteOffset, packedBytes), at);
  bytes.fill(0, at + packedBytes, at + sizeBytes);
  out.length = at + sizeBytes;
}

function appendRun(
  value: number,
  run: { readonly length: number; readonly widthBytes: number },
  out: ByteBuffer,
): void {
  const bytes = out.reserve(MAX_VARINT_BYTES + run.widthBytes);
  let at = writeVarint(bytes, out.length, run.length * 2);
  for (let shift = 0; shift < run.widthBytes * 8; shift += 8) {
    bytes[at] = value >>> shift;
    at += 1;
  }
  out.length = at;
}

/** Truth values (0 or 1), how many there are and how many of them are 1. */
export interface Flags {
  readonly flags: Uint8Array;
  readonly count: number;
  readonly setCount: number;
}

/**
 * Appends definition levels of an optional column the way a version 1 data page wants them: a 4-byte
 * length, then the hybrid with width 1. `bitmap` is memory for at least count / 8 + 1 bytes.
 */
export function appendLevels(input: Flags, bitmap: Uint8Array, out: ByteBuffer): void {
  const { count, setCount } = input;
  const lengthAt = out.length;
  out.reserve(4);
  out.length += 4;
  if (setCount === count || setCount === 0) {
    appendRun(setCount === 0 ? 0 : 1, { length: count, widthBytes: 1 }, out);
  } else {
    packBitmap(input, bitmap, 0);
    appendBitmap(bitmap, count, out);
  }
  new DataView(out.bytes.buffer).setUint32(lengthAt, out.length - lengthAt - 4, true);
}

function appendBitmap(bitmap: Uint8Array, count: number, out: ByteBuffer): void {
  // a partial last byte is always a literal: its padding must not become values of a run
  const wholeBytes = count >>> 3;
  const totalBytes = (count + 7) >>> 3;
  let literalsFrom = 0;
  let index = 0;
  while (index < wholeBytes) {
    const byte = bitmap[index] as number;
    let end = index + 1;
    if (byte === 0 || byte === 0xff) while (end < wholeBytes && bitmap[end] === byte) end += 1;
    if (end - index >= MIN_RUN_BYTES) {
      appendGroups(bitmap.subarray(literalsFrom, index), out);
      appendRun(byte & 1, { length: (end - index) * 8, widthBytes: 1 }, out);
      literalsFrom = end;
    }
    index = end;
  }
  appendGroups(bitmap.subarray(literalsFrom, totalBytes), out);
}

function appendGroups(bytes: Uint8Array, out: ByteBuffer): void {
  if (bytes.length === 0) return;
  const target = out.reserve(MAX_VARINT_BYTES);
  out.length = writeVarint(target, out.length, bytes.length * 2 + 1);
  out.append(bytes);
}
