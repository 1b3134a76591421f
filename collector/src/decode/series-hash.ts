/**
 * Identity of a metric series: resource, metric name and point attributes, whatever their order.
 * 64 bits, so that the few thousand series of a project do not collide in practice.
 */

const PRIME = 0x01000193;

export class SeriesHash {
  private low = 0;
  private high = 0;

  clear(): void {
    this.low = 0;
    this.high = 0;
  }

  /** Adds one attribute (its KeyValue bytes). Sums make the order irrelevant. */
  addMember(bytes: Uint8Array, from: number, to: number): void {
    let a = 0x811c9dc5;
    let b = 0x9e3779b9;
    for (let i = from; i < to; i += 1) {
      const value = bytes[i] as number;
      a = Math.imul(a ^ value, PRIME);
      b = Math.imul((b << 5) ^ (b >>> 27) ^ value, 0x85ebca6b);
    }
    this.low = (this.low + a) >>> 0;
    this.high = (this.high + b) >>> 0;
  }

  addText(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.addMember(bytes, 0, bytes.length);
  }

  toHex(): string {
    return this.high.toString(16).padStart(8, "0") + this.low.toString(16).padStart(8, "0");
  }
}
