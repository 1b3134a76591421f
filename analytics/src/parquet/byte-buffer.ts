const FIRST_BYTES = 64 * 1024;

/** A growing byte array that is used again and again. Hot loops write to `bytes` directly after `reserve`. */
export class ByteBuffer {
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  length = 0;

  /** Makes room for `extra` bytes after `length` and returns the (perhaps new) array. */
  reserve(extra: number): Uint8Array {
    const needed = this.length + extra;
    if (needed <= this.bytes.length) return this.bytes;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    return grown;
  }

  append(part: Uint8Array): void {
    this.reserve(part.length).set(part, this.length);
    this.length += part.length;
  }

  /** What was written: a view that the next write may change. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** Forgets the content and keeps the memory, unless it has grown beyond `keepBytes`. */
  reset(keepBytes: number = Number.POSITIVE_INFINITY): void {
    this.length = 0;
    if (this.bytes.length > keepBytes) this.bytes = new Uint8Array(FIRST_BYTES);
  }
}
