/**
 * A 64-bit hash of a few words in two 32-bit lanes: bigint and objects would be allocated for each of
 * thousands of spans. Multiply and fold, with an avalanche at the end (MurmurHash3's constants).
 */
export class IdHash {
  low = 0;
  high = 0;

  /** `kind` keeps keys of different things apart, and so is spread before small numbers are added to it. */
  begin(kind: number): this {
    this.low = 0;
    this.high = 0;
    return this.add(kind);
  }

  add(word: number): this {
    const low = Math.imul(this.low ^ word, 0x85ebca6b);
    this.low = (low << 15) | (low >>> 17);
    const high = Math.imul(this.high ^ word, 0xc2b2ae35) + this.low;
    this.high = (high << 13) | (high >>> 19);
    return this;
  }

  addAll(words: Int32Array, from: number, count: number): this {
    for (let at = from; at < from + count; at += 1) this.add(words[at] as number);
    return this;
  }

  end(): this {
    this.low = avalanche(this.low ^ this.high);
    this.high = avalanche(this.high);
    return this;
  }
}

function avalanche(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** 32 bits of a text: enough to tell a few thousand names of one project apart. Never 0. */
export function hashBytes(bytes: Uint8Array): number {
  return hashRange(bytes, 0, bytes.length);
}

/** The same of a part of them. */
export function hashRange(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return avalanche(hash) >>> 0 || 1;
}

/** Eight hexadecimal digits as a word; anything else gives some word. */
export function hexWord(bytes: Uint8Array, at: number): number {
  let word = 0;
  for (let i = at; i < at + 8; i += 1) {
    const byte = bytes[i] as number;
    word = (word << 4) | ((byte & 0x0f) + (byte >> 6) * 9);
  }
  return word;
}

/** The digits again. */
export function wordHex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
