import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compareKeys } from "../../src/object-store/object-key.ts";

/** Of one UTF-16 unit or of two. Not `unit: "binary"`, which makes a table of a million characters first. */
const character = fc
  .oneof(fc.nat(0xffff), fc.integer({ min: 0x10000, max: 0x10ffff }))
  .map((codePoint) => String.fromCodePoint(codePoint))
  .filter((text) => text.isWellFormed());

test("orders any two texts as their UTF-8 bytes", () => {
  const text = fc.string({ unit: character, maxLength: 6 });
  fc.assert(
    fc.property(text, text, text, (common, left, right) => {
      const expected = Buffer.compare(Buffer.from(common + left), Buffer.from(common + right));
      expect(Math.sign(compareKeys(common + left, common + right))).toBe(expected);
    }),
    { numRuns: 1000 },
  );
});
