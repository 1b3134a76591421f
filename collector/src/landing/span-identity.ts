/**
 * The 64-bit identity hash of a span: project, trace id and span id, straight from the bytes of the
 * request. Two 32-bit lanes of multiply-rotate rounds with a final avalanche (MurmurHash3's constants),
 * because 64-bit integers in JavaScript are allocated. The secret is random per data folder, so that a
 * client cannot choose ids that collide with another project's spans.
 */
export class SpanIdentity {
  /** The hash of the last `read`. */
  low = 0;
  high = 0;
  private readonly secret: Uint32Array;
  private readonly seeds = new Map<string, Seed>();
  private seed: Seed = { low: 0, high: 0 };

  /** `secret`: two random words that stay the same for the life of the data folder. */
  constructor(secret: Uint32Array) {
    this.secret = secret;
  }

  /** Spans read from now on belong to this project. */
  selectProject(projectId: string): void {
    let seed = this.seeds.get(projectId);
    if (seed === undefined) {
      if (this.seeds.size >= PROJECT_SEEDS_MAX) this.seeds.clear();
      seed = projectSeed(projectId, this.secret);
      this.seeds.set(projectId, seed);
    }
    this.seed = seed;
  }

  /** Hashes the 16 bytes at `traceAt` and the 8 bytes at `spanAt` into `low` and `high`. */
  read(bytes: Uint8Array, traceAt: number, spanAt: number): void {
    let { low, high } = this.seed;
    for (let at = traceAt; at < traceAt + TRACE_ID_BYTES; at += 8) {
      const first = mixWord(wordAt(bytes, at), LOW_FIRST, LOW_SECOND);
      const second = mixWord(wordAt(bytes, at + 4), HIGH_FIRST, HIGH_SECOND);
      low = round(low ^ first, high, LOW_ADD);
      high = round(high ^ second, low, HIGH_ADD);
    }
    low = round(low ^ mixWord(wordAt(bytes, spanAt), LOW_FIRST, LOW_SECOND), high, LOW_ADD);
    high = round(high ^ mixWord(wordAt(bytes, spanAt + 4), HIGH_FIRST, HIGH_SECOND), low, HIGH_ADD);
    low = (low + high) | 0;
    high = (high + low) | 0;
    low = avalanche(low);
    high = avalanche(high);
    low = (low + high) | 0;
    this.low = low >>> 0;
    this.high = (high + low) >>> 0;
  }
}

interface Seed {
  readonly low: number;
  readonly high: number;
}

const TRACE_ID_BYTES = 16;
/** More projects than one collector serves; the map is a cache and may be emptied. */
const PROJECT_SEEDS_MAX = 10_000;

const LOW_FIRST = 0x239b961b;
const LOW_SECOND = 0xab0e9789;
const HIGH_FIRST = 0x38b34ae5;
const HIGH_SECOND = 0xa1e38b93;
const LOW_ADD = 0x561ccd1b;
const HIGH_ADD = 0x0bcaa747;

function projectSeed(projectId: string, secret: Uint32Array): Seed {
  let low = secret[0] as number;
  let high = secret[1] as number;
  for (const byte of Buffer.from(projectId)) {
    low = round(low ^ mixWord(byte + 1, LOW_FIRST, LOW_SECOND), high, LOW_ADD);
    high = round(high ^ mixWord(byte + 1, HIGH_FIRST, HIGH_SECOND), low, HIGH_ADD);
  }
  return { low: avalanche(low ^ (secret[1] as number)), high: avalanche(high) };
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function mixWord(word: number, first: number, second: number): number {
  const product = Math.imul(word, first);
  return Math.imul((product << 15) | (product >>> 17), second);
}

function round(lane: number, other: number, add: number): number {
  const turned = ((lane << 19) | (lane >>> 13)) + other;
  return (Math.imul(turned, 5) + add) | 0;
}

function avalanche(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
