/**
 * A set of fixed-size fingerprints in one typed array: open addressing with linear probing, nothing
 * allocated per entry. Fingerprints must be uniformly distributed (hashes); their first word picks the slot.
 */
export class FingerprintTable {
  size = 0;
  private readonly wordsPerKey: number;
  private words: Uint32Array;
  private mask: number;
  /** The all-zero fingerprint marks a free slot and is therefore kept apart. */
  private hasZero = false;

  constructor(wordsPerKey: 2 | 4, slots: number = SLOTS_MIN) {
    this.wordsPerKey = wordsPerKey;
    this.mask = slots - 1;
    this.words = new Uint32Array(slots * wordsPerKey);
  }

  has(key: Uint32Array, at: number): boolean {
    if (isZero(key, at, this.wordsPerKey)) return this.hasZero;
    return this.matches(this.find(key, at), key, at);
  }

  /** False when it was there already. */
  add(key: Uint32Array, at: number): boolean {
    if (isZero(key, at, this.wordsPerKey)) {
      const isNew = !this.hasZero;
      this.hasZero = true;
      return isNew;
    }
    let slot = this.find(key, at);
    if (this.matches(slot, key, at)) return false;
    if (this.size >= (this.mask + 1) * LOAD_MAX) {
      this.grow();
      slot = this.find(key, at);
    }
    this.store(slot, key, at);
    this.size += 1;
    return true;
  }

  /** False when it was not there. */
  remove(key: Uint32Array, at: number): boolean {
    if (isZero(key, at, this.wordsPerKey)) {
      const was = this.hasZero;
      this.hasZero = false;
      return was;
    }
    const slot = this.find(key, at);
    if (!this.matches(slot, key, at)) return false;
    this.closeGap(slot);
    this.size -= 1;
    return true;
  }

  /** The slot that holds the key, else the free slot where it belongs. */
  private find(key: Uint32Array, at: number): number {
    const { words, wordsPerKey, mask } = this;
    let slot = (key[at] as number) & mask;
    for (;;) {
      const base = slot * wordsPerKey;
      if (words[base] === key[at] && words[base + 1] === key[at + 1]) {
        if (wordsPerKey === 2 || this.matches(slot, key, at)) return slot;
      } else if (isZero(words, base, wordsPerKey)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private matches(slot: number, key: Uint32Array, at: number): boolean {
    const base = slot * this.wordsPerKey;
    for (let word = 0; word < this.wordsPerKey; word += 1) {
      if (this.words[base + word] !== key[at + word]) return false;
    }
    return true;
  }

  private store(slot: number, key: Uint32Array, at: number): void {
    const base = slot * this.wordsPerKey;
    for (let word = 0; word < this.wordsPerKey; word += 1) {
      this.words[base + word] = key[at + word] as number;
    }
  }

  /** Moves later entries of the same run back, so that no probe meets a hole before its entry. */
  private closeGap(removed: number): void {
    const { words, wordsPerKey, mask } = this;
    let hole = removed;
    let slot = (hole + 1) & mask;
    while (!isZero(words, slot * wordsPerKey, wordsPerKey)) {
      const home = (words[slot * wordsPerKey] as number) & mask;
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        this.store(hole, words, slot * wordsPerKey);
        hole = slot;
      }
      slot = (slot + 1) & mask;
    }
    words.fill(0, hole * wordsPerKey, (hole + 1) * wordsPerKey);
  }

  private grow(): void {
    const { words, wordsPerKey } = this;
    this.mask = this.mask * 2 + 1;
    this.words = new Uint32Array(words.length * 2);
    for (let base = 0; base < words.length; base += wordsPerKey) {
      if (!isZero(words, base, wordsPerKey)) this.store(this.find(words, base), words, base);
    }
  }
}

/** A fresh table is small: most installations see few spans. It doubles when it is three quarters full. */
const SLOTS_MIN = 4096;
const LOAD_MAX = 0.75;

function isZero(words: Uint32Array, at: number, count: number): boolean {
  for (let word = 0; word < count; word += 1) if (words[at + word] !== 0) return false;
  return true;
}
