/**
 * A set of fixed-size fingerprints in typed arrays: open addressing with linear probing, nothing allocated
 * per entry. Fingerprints must be uniformly distributed (hashes): the first word picks the slot, the second
 * one the tag. Probing reads one-byte tags, which stay in the processor's cache when the fingerprints of
 * millions of entries do not; those are only read where the tag matches.
 */
export class FingerprintTable {
  size = 0;
  private readonly wordsPerKey: number;
  private tags: Uint8Array;
  private words: Uint32Array;
  private mask: number;

  constructor(wordsPerKey: 2 | 4, slots: number = SLOTS_MIN) {
    this.wordsPerKey = wordsPerKey;
    this.mask = slots - 1;
    this.tags = new Uint8Array(slots);
    this.words = new Uint32Array(slots * wordsPerKey);
  }

  /** Room that a table needs to hold as many entries without growing again. */
  get slots(): number {
    return this.mask + 1;
  }

  /** Forgets everything and keeps the memory. */
  clear(): void {
    this.tags.fill(0);
    this.size = 0;
  }

  has(key: Uint32Array, at: number): boolean {
    return this.find(key, at) >= 0;
  }

  /** False when it was there already. */
  add(key: Uint32Array, at: number): boolean {
    let found = this.find(key, at);
    if (found >= 0) return false;
    if (this.size >= (this.mask + 1) * LOAD_MAX) {
      this.grow();
      found = this.find(key, at);
    }
    this.store(-1 - found, key, at);
    this.size += 1;
    return true;
  }

  /** False when it was not there. */
  remove(key: Uint32Array, at: number): boolean {
    const slot = this.find(key, at);
    if (slot < 0) return false;
    this.closeGap(slot);
    this.size -= 1;
    return true;
  }

  /** The slot that holds the key, else -1 minus the free slot where it belongs. */
  private find(key: Uint32Array, at: number): number {
    const { tags, mask } = this;
    const tag = tagOf(key, at);
    let slot = (key[at] as number) & mask;
    for (let found = tags[slot]; found !== 0; found = tags[slot]) {
      if (found === tag && this.holds(slot, key, at)) return slot;
      slot = (slot + 1) & mask;
    }
    return -1 - slot;
  }

  private holds(slot: number, key: Uint32Array, at: number): boolean {
    const { words, wordsPerKey } = this;
    const base = slot * wordsPerKey;
    if (words[base] !== key[at] || words[base + 1] !== key[at + 1]) return false;
    if (wordsPerKey === 2) return true;
    return words[base + 2] === key[at + 2] && words[base + 3] === key[at + 3];
  }

  private store(slot: number, key: Uint32Array, at: number): void {
    const { words, wordsPerKey } = this;
    const base = slot * wordsPerKey;
    this.tags[slot] = tagOf(key, at);
    words[base] = key[at] as number;
    words[base + 1] = key[at + 1] as number;
    if (wordsPerKey === 2) return;
    words[base + 2] = key[at + 2] as number;
    words[base + 3] = key[at + 3] as number;
  }

  /** Moves later entries of the same run back, so that no probe meets a hole before its entry. */
  private closeGap(removed: number): void {
    const { tags, words, wordsPerKey, mask } = this;
    let hole = removed;
    for (let slot = (hole + 1) & mask; tags[slot] !== 0; slot = (slot + 1) & mask) {
      const home = (words[slot * wordsPerKey] as number) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.store(hole, words, slot * wordsPerKey);
      hole = slot;
    }
    tags[hole] = 0;
  }

  private grow(): void {
    const { tags, words, wordsPerKey } = this;
    this.mask = this.mask * 2 + 1;
    this.tags = new Uint8Array(this.mask + 1);
    this.words = new Uint32Array(words.length * 2);
    for (let slot = 0; slot < tags.length; slot += 1) {
      if (tags[slot] === 0) continue;
      const at = slot * wordsPerKey;
      this.store(-1 - this.find(words, at), words, at);
    }
  }
}

/** A fresh table is small: most installations see few spans. */
const SLOTS_MIN = 4096;
/** A miss probes 2.5 slots in a table half full, 8.5 in one three quarters full, each a likely misprediction. */
const LOAD_MAX = 0.5;

/** 1 to 128; 0 marks a free slot. */
function tagOf(key: Uint32Array, at: number): number {
  return ((key[at + 1] as number) >>> 25) + 1;
}
