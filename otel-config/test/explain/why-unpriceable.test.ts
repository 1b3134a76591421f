import * as fc from "fast-check";
import { expect, it } from "vitest";
import { whyUnpriceable } from "../../src/explain/why-unpriceable.ts";
import { priceCall } from "../../src/pricing/price-call.ts";
import { unitPricesOf } from "../../src/pricing/unit-prices.ts";
import { createNormalUsage } from "../../src/usage/usage.ts";

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const count = maybe(fc.constantFrom(0, 1, 5, 1_000_000_000));
const price = maybe(fc.constantFrom(0, 3, 8_000_000_000));

const usages = fc
  .record({
    input: count,
    output: count,
    cacheRead: count,
    audioInput: count,
    reasoning: count,
    imageOutput: count,
    webSearches: count,
  })
  .map((counts) => Object.assign(createNormalUsage(), counts, { inputUncached: counts.input }));

const books = fc
  .record({
    input_mtok: price,
    output_mtok: price,
    output_image_mtok: price,
    output_video_mtok: price,
    web_searches_kcount: maybe(fc.constantFrom(0, 10)),
    audio_hours: price,
  })
  .map((prices) => unitPricesOf(prices));

it("has a reason exactly where there is no cost", () => {
  fc.assert(
    fc.property(usages, books, (usage, prices) => {
      expect(whyUnpriceable(usage, prices) === undefined).toBe(
        priceCall(usage, prices) !== undefined,
      );
    }),
    { numRuns: 3000 },
  );
});

it("blames the counts only where nothing else keeps the cost away", () => {
  fc.assert(
    fc.property(usages, books, (usage, prices) => {
      fc.pre(whyUnpriceable(usage, prices) === "absurd_cost");
      // Smaller counts of the same kinds have a cost.
      const small = Object.fromEntries(
        Object.entries(usage).map(([name, value]) => [name, value === 1_000_000_000 ? 1 : value]),
      );
      const smallUsage = { ...usage, ...small };
      expect(priceCall(smallUsage, prices)).toBeDefined();
    }),
    { numRuns: 500 },
  );
});
