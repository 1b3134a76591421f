/**
 * The one pass over a long field that finds where a rule could match. It is exact in one direction only: a
 * match always lies at a candidate, a candidate seldom is a match. Everything else is left to the detectors.
 */
import { AT_SIGN, BACKSLASH, DASH, PERCENT } from "./byte-class.ts";
import { OffsetList } from "./offset-list.ts";
import { hasBytes } from "./text-window.ts";
import type { TextWindow } from "./text-window.ts";
import { HIGH_BITS, blankMarks, digitMarks } from "./word-marks.ts";

/** Candidate block: enough digits or colons for the shortest number that any rule knows. */
export const NUMERIC = 1;
/** Candidate block: the end of the first `MIN_TOKEN_RUN_BYTES` of a run without blanks. */
export const TOKEN_RUN = 2;

export const BLOCK_BYTES = 16;
const KIND_BITS = 2;
const KIND_MASK = 3;

/**
 * Every numeric match holds this many digits or colons within 17 bytes of its start (shortest: the IPv4
 * address `1.1.1.1`), or, spelled with letters like `dead:beef:...`, within 20; hence within two
 * neighbouring blocks.
 */
export const MIN_NUMERIC_BYTES = 4;
/** A run of this length covers four words of the grid wherever it starts: 4 x 4 + 3. */
export const MIN_TOKEN_RUN_BYTES = 19;
/** After a hit the next bytes are tried here before the native search is called again. */
const NEAR_BYTES = 24;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const PERCENT_AT_SIGN = encode("%40");
const ESCAPED_AT_SIGN = encode("\\u0040");
const PEM_BEGIN_TEXT = "-----BEGIN";
const PEM_BEGIN = encode(PEM_BEGIN_TEXT);
const FOUR_ZERO = 0x3034;

export class CandidateScan {
  /** `@`, `%40` and `\u0040`, ascending. */
  readonly atSigns = new OffsetList();
  /** `-----BEGIN`, ascending. */
  readonly pemBegins = new OffsetList();
  /** Packed blocks, ascending: read with `blockOffset` and `blockKinds`. */
  readonly blocks = new OffsetList();

  /** Scans the field in the window. */
  scan(w: TextWindow): void {
    const field = Buffer.from(w.bytes.buffer, w.bytes.byteOffset + w.start, w.end - w.start);
    const { atSigns, pemBegins, blocks } = this;
    atSigns.clear();
    pemBegins.clear();
    blocks.clear();
    collectByte(atSigns, { field, start: w.start, byte: AT_SIGN });
    collectPemBegins(pemBegins, field, w.start);
    blocks.reserve((field.length >>> 4) + 1);
    collectBlocks(blocks, w);
    const plainAtSigns = atSigns.count;
    collectPercentAtSigns(atSigns, field, w.start);
    this.#collectEscapedAtSigns(w);
    if (atSigns.count !== plainAtSigns) atSigns.sort();
  }

  /** The same for a short field, without blocks. */
  scanShort(w: TextWindow): void {
    const { bytes, start, end } = w;
    this.atSigns.clear();
    this.pemBegins.clear();
    for (let p = start; p < end; p += 1) {
      const byte = bytes[p] as number;
      if (byte === AT_SIGN) this.atSigns.push(p);
      else if (byte === PERCENT && hasBytes(w, p, PERCENT_AT_SIGN)) this.atSigns.push(p);
      else if (byte === BACKSLASH && isEscapedAtSign(w, p)) this.atSigns.push(p);
      else if (byte === DASH && hasBytes(w, p, PEM_BEGIN)) this.pemBegins.push(p);
    }
  }

  /** `\u0040` holds four digits, so it ends in a numeric block. */
  #collectEscapedAtSigns(w: TextWindow): void {
    const { atSigns, blocks } = this;
    let done = w.start;
    for (let i = 0; i < blocks.count; i += 1) {
      const packed = blocks.valueAt(i);
      if ((blockKinds(packed) & NUMERIC) === 0) continue;
      const from = Math.max(done, blockOffset(packed) - BLOCK_BYTES);
      done = Math.min(blockOffset(packed) + BLOCK_BYTES, w.end);
      for (let p = from; p < done; p += 1) if (isEscapedAtSign(w, p)) atSigns.push(p);
    }
  }
}

/** Does `\u0040` start at `p`? */
function isEscapedAtSign(w: TextWindow, p: number): boolean {
  return w.bytes[p] === BACKSLASH && hasBytes(w, p, ESCAPED_AT_SIGN);
}

/** Offset of the first byte of a packed block; a block is 16 bytes, the last one of a field fewer. */
export function blockOffset(packed: number): number {
  return packed >> KIND_BITS;
}

export function blockKinds(packed: number): number {
  return packed & KIND_MASK;
}

interface ByteSearch {
  readonly field: Buffer;
  /** Offset of the field, added to what is found. */
  readonly start: number;
  readonly byte: number;
}

function collectByte(list: OffsetList, { field, start, byte }: ByteSearch): void {
  let p = field.indexOf(byte);
  while (p >= 0) {
    list.push(start + p);
    const near = Math.min(field.length, p + NEAR_BYTES);
    p += 1;
    while (p < near && field[p] !== byte) p += 1;
    if (p >= near) p = field.indexOf(byte, p);
  }
}

function collectPercentAtSigns(list: OffsetList, field: Buffer, start: number): void {
  let p = field.indexOf(PERCENT);
  while (p >= 0) {
    if (p + 2 < field.length && field.readUInt16LE(p + 1) === FOUR_ZERO) list.push(start + p);
    const near = Math.min(field.length, p + NEAR_BYTES);
    p += 1;
    while (p < near && field[p] !== PERCENT) p += 1;
    if (p >= near) p = field.indexOf(PERCENT, p);
  }
}

function collectPemBegins(list: OffsetList, field: Buffer, start: number): void {
  let p = field.indexOf(PEM_BEGIN_TEXT, 0, "latin1");
  while (p >= 0) {
    list.push(start + p);
    p = field.indexOf(PEM_BEGIN_TEXT, p + PEM_BEGIN.length, "latin1");
  }
}

/** Sixteen bytes at a time in four 32-bit words, without a branch per byte. */
function collectBlocks(list: OffsetList, w: TextWindow): void {
  const { view, start, end } = w;
  const items = list.items;
  const blocksEnd = end - ((end - start) & (BLOCK_BYTES - 1));
  let count = 0;
  let digitsBefore = 0;
  let last = HIGH_BITS;
  let lastTwo = last;
  let lastThree = last;
  for (let p = start; p < blocksEnd; p += BLOCK_BYTES) {
    const x0 = view.getInt32(p, true);
    const x1 = view.getInt32(p + 4, true);
    const x2 = view.getInt32(p + 8, true);
    const x3 = view.getInt32(p + 12, true);
    const marks =
      digitMarks(x0) | (digitMarks(x1) >>> 1) | (digitMarks(x2) >>> 2) | (digitMarks(x3) >>> 3);
    const digits = marks === 0 ? 0 : countBits(marks >>> 4);
    const b0 = blankMarks(x0);
    const b1 = blankMarks(x1);
    const b2 = blankMarks(x2);
    const b3 = blankMarks(x3);
    const b01 = b0 | b1;
    const b23 = b2 | b3;
    let kinds = digits + digitsBefore >= MIN_NUMERIC_BYTES ? NUMERIC : 0;
    if (
      ((b01 | b23) & HIGH_BITS) === 0 ||
      ((lastThree | b0) & HIGH_BITS) === 0 ||
      ((lastTwo | b01) & HIGH_BITS) === 0 ||
      ((last | b01 | b2) & HIGH_BITS) === 0
    ) {
      kinds |= TOKEN_RUN;
    }
    if (kinds !== 0) {
      items[count] = (p << KIND_BITS) | kinds;
      count += 1;
    }
    digitsBefore = digits;
    last = b3;
    lastTwo = b23;
    lastThree = b1 | b23;
  }
  list.count = count;
  const rest = restKinds(w, blocksEnd, digitsBefore);
  if (rest !== 0) list.push((blocksEnd << KIND_BITS) | rest);
}

/** The bytes behind the last whole block. A run that ends there began before. */
function restKinds({ bytes, view, end }: TextWindow, from: number, digitsBefore: number): number {
  if (from === end) return 0;
  let digits = digitsBefore;
  for (let p = from; p < end; p += 1) {
    const byte = bytes[p] as number;
    if (byte >= 0x30 && byte <= 0x3a) digits += 1;
  }
  const first = bytes[from] as number;
  const isRun =
    first > 0x2a && first < 0x80 && (blankMarks(view.getInt32(from - 4, true)) & HIGH_BITS) === 0;
  return (digits >= MIN_NUMERIC_BYTES ? NUMERIC : 0) | (isRun ? TOKEN_RUN : 0);
}

/** How many of the low four bits of each byte are set. */
function countBits(marks: number): number {
  const pairs = marks - ((marks >>> 1) & 0x05050505);
  const quads = (pairs & 0x03030303) + ((pairs >>> 2) & 0x03030303);
  return Math.imul(quads, 0x01010101) >>> 24;
}
