import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compareKeys } from "../../src/object-store/object-key.ts";

test("orders any two texts as their UTF-8 bytes", () => {
  const text = fc.string({ unit: "binary", maxLength: 6 });
  fc.assert(
    fc.property(text, text, text, (common, left, right) => {
      const expected = Buffer.compare(Buffer.from(common + left), Buffer.from(common + right));
      expect(Math.sign(compareKeys(common + left, common + right))).toBe(expected);
    }),
    { numRuns: 1000 },
  );
});
