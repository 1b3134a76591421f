import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SpanIdentity } from "../../src/landing/span-identity.ts";

const SECRET = Uint32Array.of(0x12345678, 0x9abcdef0);

function hashOf(bytes: Uint8Array, project = "default", secret = SECRET): [number, number] {
  const identity = new SpanIdentity(secret);
  identity.selectProject(project);
  identity.read(bytes, 0, 16);
  return [identity.low, identity.high];
}

describe("the span identity hash", () => {
  test("is two unsigned words, the same for the same span wherever its ids lie", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 24 }), fc.nat(9), (ids, gap) => {
        const apart = Buffer.alloc(60);
        apart.set(ids.subarray(16), 3);
        apart.set(ids.subarray(0, 16), 11 + gap);
        const identity = new SpanIdentity(SECRET);
        identity.selectProject("default");
        identity.read(apart, 11 + gap, 3);
        expect([identity.low, identity.high]).toEqual(hashOf(ids));
        expect(identity.low).toBe(identity.low >>> 0);
        expect(identity.high).toBe(identity.high >>> 0);
      }),
    );
  });

  test("differs by project and by secret", () => {
    const ids = Buffer.alloc(24, 5);
    expect(hashOf(ids, "a")).not.toEqual(hashOf(ids, "b"));
    expect(hashOf(ids, "a")).not.toEqual(hashOf(ids, "a", Uint32Array.of(1, 2)));
  });

  test("changes half of its bits with every bit of the ids", () => {
    const ids = Buffer.from(Array.from({ length: 24 }, (_, index) => (index * 37 + 11) & 0xff));
    const [low, high] = hashOf(ids);
    for (let bit = 0; bit < 24 * 8; bit += 1) {
      const other = Buffer.from(ids);
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
      const [otherLow, otherHigh] = hashOf(other);
      const changed = bitCount(low ^ otherLow) + bitCount(high ^ otherHigh);
      expect(changed).toBeGreaterThan(12);
      expect(changed).toBeLessThan(52);
    }
  });

  test("does not collide among counters, the least random ids there are", () => {
    const identity = new SpanIdentity(SECRET);
    identity.selectProject("default");
    const ids = Buffer.alloc(24);
    const hashes = new Set<bigint>();
    const lows = new Set<number>();
    for (let n = 0; n < 200_000; n += 1) {
      ids.writeUInt32BE(n & 0x3ff, 4);
      ids.writeUInt32BE(n >> 10, 20);
      identity.read(ids, 0, 16);
      hashes.add((BigInt(identity.high) << 32n) | BigInt(identity.low));
      lows.add(identity.low & 0xffff);
    }
    expect(hashes.size).toBe(200_000);
    expect(lows.size).toBeGreaterThan(62_000); // 95 % of all slots of a table of 2^16 are homes
  });
});

function bitCount(word: number): number {
  let count = 0;
  for (let rest = word >>> 0; rest !== 0; rest >>>= 1) count += rest & 1;
  return count;
}
