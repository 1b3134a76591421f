/** Where spans hang that are no records of calls: trace and span (hashed) to the parent span. */
export class LinkTable {
  private readonly halves: [LinkHalf, LinkHalf];

  /** Remembers between `linksMax` and twice as many of the last links. */
  constructor(linksMax: number) {
    this.halves = [new LinkHalf(linksMax), new LinkHalf(linksMax)];
  }

  set(low: number, high: number, link: LinkWords): void {
    if (this.halves[0].isFull) {
      this.halves.reverse();
      this.halves[0].clear();
    }
    this.halves[0].set(low, high, link);
  }

  get(low: number, high: number): LinkWords | undefined {
    return this.halves[0].get(low, high) ?? this.halves[1].get(low, high);
  }

  get sizeBytes(): number {
    return this.halves[0].sizeBytes * 2;
  }
}

export interface LinkWords {
  /** The parent's span id; both 0 for a root. */
  readonly parentHigh: number;
  readonly parentLow: number;
  readonly isBoundary: boolean;
}

/** Words of an entry: the key, the parent, the flags. */
const ENTRY_WORDS = 5;
const IS_SET = 1;
const IS_BOUNDARY = 2;

/** Open addressing, at most half full. */
class LinkHalf {
  private readonly words: Int32Array;
  private readonly mask: number;
  private readonly linksMax: number;
  private count = 0;

  constructor(linksMax: number) {
    const slots = 2 ** Math.ceil(Math.log2(linksMax * 2));
    this.words = new Int32Array(slots * ENTRY_WORDS);
    this.mask = slots - 1;
    this.linksMax = linksMax;
  }

  get isFull(): boolean {
    return this.count === this.linksMax;
  }

  get sizeBytes(): number {
    return this.words.byteLength;
  }

  clear(): void {
    this.words.fill(0);
    this.count = 0;
  }

  set(low: number, high: number, { parentHigh, parentLow, isBoundary }: LinkWords): void {
    const at = this.find(low, high);
    const { words } = this;
    if (words[at + 4] === 0) this.count += 1;
    words[at] = low;
    words[at + 1] = high;
    words[at + 2] = parentHigh;
    words[at + 3] = parentLow;
    words[at + 4] = isBoundary ? IS_SET | IS_BOUNDARY : IS_SET;
  }

  get(low: number, high: number): LinkWords | undefined {
    const at = this.find(low, high);
    const flags = this.words[at + 4] as number;
    if (flags === 0) return undefined;
    return {
      parentHigh: this.words[at + 2] as number,
      parentLow: this.words[at + 3] as number,
      isBoundary: (flags & IS_BOUNDARY) !== 0,
    };
  }

  /** Where the key is, or would go. */
  private find(low: number, high: number): number {
    const { words, mask } = this;
    let slot = low & mask;
    for (;;) {
      const at = slot * ENTRY_WORDS;
      if (words[at + 4] === 0 || (words[at] === low && words[at + 1] === high)) return at;
      slot = (slot + 1) & mask;
    }
  }
}
