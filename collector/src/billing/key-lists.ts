/** Lists of numbers by 64-bit key, in typed arrays of fixed size. Newest first; emptied only as a whole. */
export class KeyLists {
  private readonly heads: Int32Array;
  private readonly mask: number;
  private readonly lows: Int32Array;
  private readonly highs: Int32Array;
  private readonly values: Int32Array;
  private readonly nexts: Int32Array;
  private count = 0;

  constructor(entriesMax: number) {
    const buckets = 2 ** Math.ceil(Math.log2(entriesMax));
    this.heads = new Int32Array(buckets).fill(-1);
    this.mask = buckets - 1;
    this.lows = new Int32Array(entriesMax);
    this.highs = new Int32Array(entriesMax);
    this.values = new Int32Array(entriesMax);
    this.nexts = new Int32Array(entriesMax);
  }

  clear(): void {
    this.heads.fill(-1);
    this.count = 0;
  }

  /** Leaves the value out when the lists are full: what is looked up here is a hint. */
  add(low: number, high: number, value: number): void {
    if (this.count === this.values.length) return;
    const entry = this.count;
    this.count += 1;
    const bucket = low & this.mask;
    this.lows[entry] = low;
    this.highs[entry] = high;
    this.values[entry] = value;
    this.nexts[entry] = this.heads[bucket] as number;
    this.heads[bucket] = entry;
  }

  /** An entry with the key; -1 when there is none. */
  first(low: number, high: number): number {
    return this.match(this.heads[low & this.mask] as number, low, high);
  }

  /** The entry with the same key that came before this one; -1 when there is none. */
  next(entry: number): number {
    const [low, high] = [this.lows[entry] as number, this.highs[entry] as number];
    return this.match(this.nexts[entry] as number, low, high);
  }

  valueOf(entry: number): number {
    return this.values[entry] as number;
  }

  private match(from: number, low: number, high: number): number {
    let entry = from;
    while (entry >= 0 && (this.lows[entry] !== low || this.highs[entry] !== high)) {
      entry = this.nexts[entry] as number;
    }
    return entry;
  }

  get sizeBytes(): number {
    const { heads, lows, highs, values, nexts } = this;
    return [heads, lows, highs, values, nexts].reduce((sum, array) => sum + array.byteLength, 0);
  }
}
