/**
 * The one pass over a whole message that finds where a rule could match. It is exact in one direction only:
 * a match always lies at a candidate, a candidate seldom is a match. Everything else is left to the
 * detectors, which see the field and nothing but the field.
 */

/** Candidate block: enough digits or colons for the shortest number that any rule knows. */
export const NUMERIC = 1;
/** Candidate block: the end of the first `MIN_TOKEN_RUN_BYTES` of a run without blanks. */
export const TOKEN_RUN = 2;

export const BLOCK_BYTES = 16;
const KIND_BITS = 2;
const KIND_MASK = 3;

/**
 * Every numeric match holds this many digits or colons within 17 bytes of its start (shortest: the IPv4
 * address `1.1.1.1`), hence within two neighbouring blocks.
 */
const MIN_NUMERIC_BYTES = 4;
/** A run of this length covers four aligned words wherever it starts: 4 x 4 + 3. */
export const MIN_TOKEN_RUN_BYTES = 19;
/** After a hit the next bytes are tried here before the native search is called again. */
const NEAR_BYTES = 24;
const HIGH_BITS = 0x80808080 | 0;

/** Larger than every offset, also as a packed block. */
const NO_VALUE = 0x7fffffff;

/** Ascending offsets with a cursor that follows the ascending order in which fields are asked. */
export class OffsetList {
  items: Int32Array = new Int32Array(256);
  count = 0;
  cursor = 0;

  clear(): void {
    this.count = 0;
    this.cursor = 0;
  }

  push(value: number): void {
    if (this.count === this.items.length) this.grow(this.count * 2);
    this.items[this.count] = value;
    this.count += 1;
  }

  reserve(size: number): void {
    if (size > this.items.length) this.grow(size * 2);
  }

  sort(): void {
    this.items.subarray(0, this.count).sort();
  }

  /** Moves the cursor to the first value >= `least` and returns its index. */
  seek(least: number): number {
    let c = this.cursor;
    if (c > 0 && (this.items[c - 1] as number) >= least) c = this.lowerBound(least, c - 1);
    while (c < this.count && (this.items[c] as number) < least) c += 1;
    this.cursor = c;
    return c;
  }

  /** The value at an index; `NO_VALUE` past the end. */
  valueAt(index: number): number {
    return index < this.count ? (this.items[index] as number) : NO_VALUE;
  }

  private lowerBound(least: number, high: number): number {
    let from = 0;
    let to = high;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.items[middle] as number) < least) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  private grow(size: number): void {
    const grown = new Int32Array(size);
    grown.set(this.items.subarray(0, this.count));
    this.items = grown;
  }
}

export class CandidateScan {
  /** `@`, `%40` and `\u0040`. */
  readonly atSigns = new OffsetList();
  /** `-----BEGIN`. */
  readonly pemBegins = new OffsetList();
  /** Packed blocks: read with `blockOffset` and `blockKinds`. */
  readonly blocks = new OffsetList();

  scan(bytes: Uint8Array, length: number): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, length);
    this.atSigns.clear();
    this.pemBegins.clear();
    this.blocks.clear();
    collectByte(this.atSigns, text, 0x40);
    const plainAtSigns = this.atSigns.count;
    collectText(this.atSigns, text, "%40");
    collectText(this.atSigns, text, "\\u0040");
    if (this.atSigns.count !== plainAtSigns) this.atSigns.sort();
    collectText(this.pemBegins, text, "-----BEGIN");
    collectBlocks(this.blocks, text);
  }
}

/** Offset of the first byte of a packed block; a block is 16 bytes. */
export function blockOffset(packed: number): number {
  return packed >> KIND_BITS;
}

export function blockKinds(packed: number): number {
  return packed & KIND_MASK;
}

/** The smallest packed value of a block that reaches beyond `start`. */
export function firstBlockTouching(start: number): number {
  return (start - BLOCK_BYTES + 1) << KIND_BITS;
}

function collectByte(list: OffsetList, text: Buffer, byte: number): void {
  let p = text.indexOf(byte);
  while (p >= 0) {
    list.push(p);
    const near = Math.min(text.length, p + NEAR_BYTES);
    p += 1;
    while (p < near && text[p] !== byte) p += 1;
    if (p >= near) p = text.indexOf(byte, p);
  }
}

function collectText(list: OffsetList, text: Buffer, needle: string): void {
  let p = text.indexOf(needle, 0, "latin1");
  while (p >= 0) {
    list.push(p);
    p = text.indexOf(needle, p + needle.length, "latin1");
  }
}

function collectBlocks(list: OffsetList, text: Buffer): void {
  // The words must be aligned in memory: up to three leading bytes are left out of the blocks.
  const lead = -text.byteOffset & 3;
  if (text.length <= lead) {
    if (text.length > 0) list.push(NUMERIC | TOKEN_RUN);
    return;
  }
  const blockCount = (text.length - lead) >>> 4;
  list.reserve(blockCount + 1);
  scanWords(list, new Int32Array(text.buffer, text.byteOffset + lead, blockCount * 4), lead);
  const rest = lead + blockCount * BLOCK_BYTES;
  if (rest < text.length) list.push((rest << KIND_BITS) | NUMERIC | TOKEN_RUN);
}

/**
 * Sixteen bytes at a time in four 32-bit words, without a branch per byte. What precedes the first block
 * counts as digits and token characters.
 *
 * Digits and colons, per byte: t = b ^ 0x30 is below 0x0B for them, and then (t - 0x0B) borrows into bit 7.
 * A borrow from the byte below can only add a mark (to a `;`), never take one away.
 * Blanks, per byte: (b - 0x2B) borrows into bit 7 below 0x2B, and b itself has it from 0x80 on. A borrow
 * that leaves its byte only ever comes from a byte that is already marked, so "no mark in the word" is exact.
 */
function scanWords(list: OffsetList, words: Int32Array, lead: number): void {
  const items = list.items;
  let count = 0;
  let digitsBefore = lead;
  let last = lead === 0 ? HIGH_BITS : 0;
  let lastTwo = last;
  let lastThree = last;
  let packed = lead << KIND_BITS;
  for (let i = 0; i < words.length; i += 4) {
    const x0 = words[i] as number;
    const x1 = words[i + 1] as number;
    const x2 = words[i + 2] as number;
    const x3 = words[i + 3] as number;
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
      items[count] = packed | kinds;
      count += 1;
    }
    packed += BLOCK_BYTES << KIND_BITS;
    digitsBefore = digits;
    last = b3;
    lastTwo = b23;
    lastThree = b1 | b23;
  }
  list.count = count;
}

/** Bit 7 of each byte that is a digit or a colon. */
function digitMarks(x: number): number {
  const t = x ^ 0x30303030;
  return (t - 0x0b0b0b0b) & ~t & HIGH_BITS;
}

/** How many of the low four bits of each byte are set. */
function countBits(marks: number): number {
  const pairs = marks - ((marks >>> 1) & 0x05050505);
  const quads = (pairs & 0x03030303) + ((pairs >>> 2) & 0x03030303);
  return Math.imul(quads, 0x01010101) >>> 24;
}

/** Bit 7 of a byte is set when it is a blank, a control, one of !"#$%&'()* or not ASCII; other bits are noise. */
function blankMarks(x: number): number {
  return (x - 0x2b2b2b2b) | x;
}
