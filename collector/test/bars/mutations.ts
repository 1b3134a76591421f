import { seededRandom } from "../crash/seeded-random.ts";

/** Seeded damage to valid requests. */
export class Mutator {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  oneOf<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** True once in `n` times. */
  oncePer(n: number): boolean {
    return this.below(n) === 0;
  }

  /** None to four changes anywhere in the bytes. */
  damage(bytes: Buffer): Buffer {
    let damaged: Buffer = Buffer.from(bytes);
    for (let change = this.below(5); change > 0; change -= 1) damaged = this.change(damaged);
    return damaged;
  }

  private change(bytes: Buffer): Buffer {
    const at = this.below(bytes.length + 1);
    const to = Math.min(bytes.length, at + 1 + this.below(this.oneOf([1, 4, 64, 4096])));
    const [head, middle, tail] = [
      bytes.subarray(0, at),
      bytes.subarray(at, to),
      bytes.subarray(to),
    ];
    switch (this.below(7)) {
      case 0:
        return Buffer.concat([head, tail]);
      case 1:
        return head;
      case 2:
        return Buffer.concat([head, middle, middle, tail]);
      case 3:
        return Buffer.concat([head, this.noise(middle.length), tail]);
      case 4:
        return Buffer.concat([head, this.noise(1 + this.below(16)), bytes.subarray(at)]);
      case 5:
        return Buffer.concat([head, Buffer.alloc(this.oneOf([1, 9, 300]), 0xff), tail]);
      default:
        return this.flip(bytes, at);
    }
  }

  private flip(bytes: Buffer, at: number): Buffer {
    const flipped = Buffer.from(bytes);
    if (at < flipped.length) flipped[at] = (flipped[at] as number) ^ (1 << this.below(8));
    return flipped;
  }

  private noise(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}
