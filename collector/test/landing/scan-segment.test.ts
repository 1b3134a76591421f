import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeDisk } from "../../src/landing/disk.ts";
import type { DiskFile } from "../../src/landing/disk.ts";
import { scanSegment } from "../../src/landing/scan-segment.ts";
import { encodeHead, headBytes } from "../../src/landing/wal-record.ts";
import type { SegmentIdentity } from "../../src/landing/wal-record.ts";
import { testFolder } from "./test-folder.ts";
import { idsOf, recordOf, spanId } from "./test-rows.ts";

const SEGMENT: SegmentIdentity = { number: 7, saltLow: 11, saltHigh: 13 };

const encode = (ids: readonly string[], segment = SEGMENT): Buffer => {
  const record = recordOf(ids);
  const head = Buffer.alloc(headBytes(record));
  encodeHead(head, record, segment);
  return Buffer.concat([head, record.payload]);
};

/** A file in memory. */
function fileOf(bytes: Buffer): DiskFile {
  return {
    writev: () => Promise.reject(new Error("read only")),
    sync: () => Promise.resolve(),
    truncate: () => Promise.resolve(),
    read: (target, position) =>
      Promise.resolve(bytes.copy(target, 0, position, position + target.length)),
    size: () => Promise.resolve(bytes.length),
    close: () => Promise.resolve(),
  };
}

interface Scan {
  readonly ids: string[][];
  readonly damage: [number, number][];
  readonly tail: { reason: "end" | "torn"; from: number };
}

async function scan(file: DiskFile): Promise<Scan> {
  const ids: string[][] = [];
  const damage: [number, number][] = [];
  let tail: Scan["tail"] | undefined;
  for await (const part of scanSegment(file, SEGMENT)) {
    if (part.kind === "record") ids.push(idsOf(part.record.payload));
    if (part.kind === "damage") damage.push([part.from, part.to]);
    if (part.kind === "tail") tail = { reason: part.reason, from: part.from };
  }
  if (tail === undefined) throw new Error("no tail");
  return { ids, damage, tail };
}

const A = encode([spanId(1), spanId(2)]);
const B = encode([spanId(3)]);
const C = encode([spanId(4), spanId(5), spanId(6)]);
const ZEROS = Buffer.alloc(500);

describe("reading a segment", () => {
  test("an empty one ends at its start", async () => {
    expect(await scan(fileOf(ZEROS))).toEqual({
      ids: [],
      damage: [],
      tail: { reason: "end", from: 0 },
    });
    expect((await scan(fileOf(Buffer.alloc(0)))).tail).toEqual({ reason: "end", from: 0 });
  });

  test("gives all records in order, up to the zeros", async () => {
    const read = await scan(fileOf(Buffer.concat([A, B, C, ZEROS])));
    expect(read.ids.flat()).toEqual([1, 2, 3, 4, 5, 6].map((n) => spanId(n)));
    expect(read.tail).toEqual({ reason: "end", from: A.length + B.length + C.length });
  });

  test("also when the last record ends with the file", async () => {
    expect((await scan(fileOf(Buffer.concat([A, B])))).ids).toHaveLength(2);
  });

  test("does not read what an earlier use of the file left behind", async () => {
    const old = encode([spanId(99)], { ...SEGMENT, number: 6, saltLow: 12 });
    const read = await scan(fileOf(Buffer.concat([A, old, old, ZEROS])));
    expect(read.ids).toHaveLength(1);
    expect(read.tail).toEqual({ reason: "end", from: A.length });
  });

  test("cuts a record whose writing was interrupted, at every byte", async () => {
    for (let length = 1; length < B.length; length += 1) {
      const torn = Buffer.concat([A, B.subarray(0, length), Buffer.alloc(B.length - length + 40)]);
      const read = await scan(fileOf(torn));
      expect(read.ids).toHaveLength(1);
      expect(read.damage).toEqual([]);
      expect(read.tail.from).toBe(A.length);
      // Without the salt (up to byte 16 here, zeros behind it) it cannot be told from an earlier use.
      expect(read.tail.reason).toBe(length < 17 ? "end" : "torn");
    }
  });

  test("names a damaged range and goes on behind it", async () => {
    const damaged = Buffer.concat([A, B, C, ZEROS]);
    damaged[A.length + B.length - 3] = 0xff;
    const read = await scan(fileOf(damaged));
    expect(read.ids).toEqual([
      [spanId(1), spanId(2)],
      [spanId(4), spanId(5), spanId(6)],
    ]);
    expect(read.damage).toEqual([[A.length, A.length + B.length]]);
  });

  test("finds the next record behind a damage larger than the read window", async () => {
    const hole = Buffer.alloc(3 * 1024 * 1024 + 17, "LWA");
    const read = await scan(fileOf(Buffer.concat([A, hole, C, ZEROS])));
    expect(read.damage).toEqual([[A.length, A.length + hole.length]]);
    expect(read.ids).toHaveLength(2);
  });

  test("a record inside a payload is not a record", async () => {
    const forged = encode([spanId(666)], { ...SEGMENT, saltLow: 0 });
    const carrier = recordOf([], { payload: Buffer.concat([forged, forged]) });
    const head = Buffer.alloc(headBytes(carrier));
    encodeHead(head, carrier, SEGMENT);
    head[20] = 0xff; // the carrier itself is damaged, so every byte behind it is looked at
    const read = await scan(fileOf(Buffer.concat([head, carrier.payload, C])));
    expect(read.ids).toEqual([[spanId(4), spanId(5), spanId(6)]]);
  });

  test("reads a record larger than the window from a real file", async () => {
    const path = join(await testFolder(), "segment");
    const large = Array.from({ length: 150_000 }, (_, n) => spanId(n));
    await writeFile(path, Buffer.concat([A, encode(large), C, ZEROS]));
    const file = await nodeDisk.open(path, "existing");
    const read = await scan(file);
    await file.close();
    expect(read.ids.map((ids) => ids.length)).toEqual([2, 150_000, 3]);
  });

  test("however it is damaged, no wrong record is read and no intact one is lost", async () => {
    const records = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 });
    const flips = fc.array(
      fc.record({ at: fc.double({ min: 0, max: 0.999_999, noNaN: true }), bit: fc.nat(7) }),
      { maxLength: 6 },
    );
    const cut = fc.option(fc.double({ min: 0, max: 1, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(records, flips, cut, async (sizes, bitFlips, cutAt) => {
        let next = 0;
        const written = sizes.map((size) => {
          const ids = Array.from({ length: size }, () => spanId((next += 1)));
          return { ids, bytes: encode(ids) };
        });
        const intact = Buffer.concat(written.map(({ bytes }) => bytes));
        const damaged = Buffer.from(intact);
        for (const { at, bit } of bitFlips) {
          const position = Math.floor(at * damaged.length);
          damaged[position] = (damaged[position] as number) ^ (1 << bit);
        }
        if (cutAt !== null) damaged.fill(0, Math.floor(cutAt * damaged.length));
        let at = 0;
        const expected = written.filter(({ bytes }) => {
          const from = at;
          at += bytes.length;
          return damaged.subarray(from, at).equals(bytes);
        });
        const read = await scan(fileOf(Buffer.concat([damaged, ZEROS])));
        expect(read.ids).toEqual(expected.map(({ ids }) => ids));
      }),
      { numRuns: 300 },
    );
  });
});
