/** Ascending offsets in a field; reused from field to field. */
export class OffsetList {
  items: Int32Array = new Int32Array(256);
  count = 0;

  clear(): void {
    this.count = 0;
  }

  push(value: number): void {
    if (this.count === this.items.length) this.#grow(this.count * 2);
    this.items[this.count] = value;
    this.count += 1;
  }

  /** Makes room for `size` values; drops what is there. */
  reserve(size: number): void {
    if (size > this.items.length) this.items = new Int32Array(size * 2);
  }

  sort(): void {
    this.items.subarray(0, this.count).sort();
  }

  /** The value at an index below `count`. */
  valueAt(index: number): number {
    return this.items[index] as number;
  }

  #grow(size: number): void {
    const grown = new Int32Array(size);
    grown.set(this.items.subarray(0, this.count));
    this.items = grown;
  }
}
