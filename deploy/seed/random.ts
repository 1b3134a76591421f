import { createHash } from "node:crypto";

/** A seeded source of chance: the same label gives the same numbers on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [min, max]. */
  integer(min: number, max: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Picks in proportion to the weights. */
  weighted<T extends { readonly weight: number }>(items: readonly T[]): T;
  /** Log-normal around a median; `spread` is the standard deviation of the logarithm. */
  logNormal(median: number, spread: number): number;
  /** Bytes for a trace or span id; never all zero. */
  bytes(length: number): Uint8Array;
}

/** SplitMix32 over a hash of the label: small, and good enough for pretend traffic. */
export function createRandom(label: string): Random {
  let state = createHash("sha256").update(label).digest().readUInt32LE(0);
  const next32 = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const next = (): number => next32() / 2 ** 32;
  const integer = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    integer,
    chance: (probability) => next() < probability,
    pick: (items) => items[integer(0, items.length - 1)] as (typeof items)[number],
    weighted: (items) => {
      let left = next() * items.reduce((sum, item) => sum + item.weight, 0);
      for (const item of items) {
        left -= item.weight;
        if (left < 0) return item;
      }
      return items.at(-1) as (typeof items)[number];
    },
    logNormal: (median, spread) => {
      // Box-Muller; 1 - next() keeps the logarithm finite.
      const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
      return median * Math.exp(spread * normal);
    },
    bytes: (length) => idBytes(length, next32),
  };
}

function idBytes(length: number, next32: () => number): Uint8Array {
  const bytes = Uint8Array.from({ length }, () => next32() >>> 24);
  // An all-zero id is invalid in OTLP.
  bytes[0] = (bytes[0] as number) | 1;
  return bytes;
}
