import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bitWidth } from "../../src/parquet/bit-packing.ts";
import { ByteBuffer } from "../../src/parquet/byte-buffer.ts";
import { appendHybrid, appendLevels } from "../../src/parquet/rle-hybrid.ts";

/** Values in runs and alone, as dictionary codes are. */
const codes = fc
  .array(
    fc.tuple(
      fc.oneof(fc.nat(3), fc.nat(2 ** 17)),
      fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })),
    ),
    { maxLength: 60 },
  )
  .map((runs) => runs.flatMap(([value, length]) => Array.from({ length }, () => value)));

/** A strict reader: runs must not claim more values than there are; only the last group may be padded. */
function decode(bytes: Uint8Array, width: number, count: number): number[] {
  const values: number[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at] ?? Number.NaN;
      at += 1;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const header = varint();
    if (header % 2 === 0) {
      let value = 0;
      for (let part = 0; part < width; part += 8) {
        value += (bytes[at] as number) * 2 ** part;
        at += 1;
      }
      for (let index = 0; index < header / 2; index += 1) values.push(value);
      if (values.length > count) throw new RangeError("a run reaches beyond the last value");
    } else {
      const groups = (header - 1) / 2;
      for (let bit = 0; bit < groups * 8 * width; bit += width) {
        let value = 0;
        for (let part = 0; part < width; part += 1) {
          const byte = bytes[at + ((bit + part) >>> 3)] as number;
          value += ((byte >>> ((bit + part) & 7)) & 1) * 2 ** part;
        }
        values.push(value);
      }
      at += groups * width;
      if (values.length - count > 7) throw new RangeError("more than one group is padding");
      if (values.length > count && at < bytes.length) throw new RangeError("padding in the middle");
    }
  }
  if (values.slice(count).some((value) => value !== 0)) throw new RangeError("padding is not zero");
  return values.slice(0, count);
}

test("codes come back, in every width", () => {
  fc.assert(
    fc.property(codes, (values) => {
      const out = new ByteBuffer();
      out.bytes.fill(0xff);
      const width = bitWidth(Math.max(0, ...values));
      const words = new Uint32Array(values.length + 8).fill(0xffffffff);
      appendHybrid({ values: Uint32Array.from(values), count: values.length, width, words }, out);
      expect(decode(out.view(), width, values.length)).toEqual(values);
    }),
    { numRuns: 500 },
  );
});

test("levels come back, behind their length", () => {
  const runs = fc.array(fc.tuple(fc.nat(1), fc.integer({ min: 1, max: 90 })), { minLength: 1 });
  fc.assert(
    fc.property(runs, (lengths) => {
      const flags = lengths.flatMap(([value, length]) => Array.from({ length }, () => value));
      const count = flags.length;
      const setCount = flags.filter((flag) => flag === 1).length;
      const out = new ByteBuffer();
      const bitmap = new Uint8Array((count >>> 3) + 1).fill(0xff);
      appendLevels({ flags: Uint8Array.from(flags), count, setCount }, bitmap, out);
      const bytes = out.view();
      expect(new DataView(bytes.buffer).getUint32(0, true)).toBe(bytes.length - 4);
      expect(decode(bytes.subarray(4), 1, count)).toEqual(flags);
    }),
    { numRuns: 500 },
  );
});

test("a width is that of the largest value, and never 0", () => {
  const pairs = [0, 1, 2, 3, 4, 255, 256, 2 ** 31, 2 ** 32 - 1].map((max) => bitWidth(max));
  expect(pairs).toEqual([1, 1, 2, 2, 3, 8, 9, 32, 32]);
});
