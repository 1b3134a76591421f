import type { ModelPrice } from "@pydantic/genai-prices";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { divideHalfUp } from "../../src/money.ts";
import { costLines, tierOf } from "../../src/pricing/cost-lines.ts";
import {
  MAX_CALL_COST_NANO_USD,
  priceCall,
  priceCallNumber,
} from "../../src/pricing/price-call.ts";
import { unitPricesOf } from "../../src/pricing/unit-prices.ts";
import type { UnitPrices } from "../../src/pricing/unit-prices.ts";
import { normaliseUsage } from "../../src/usage/normalise-usage.ts";
import { createNormalUsage, createRawUsage } from "../../src/usage/usage.ts";
import type { NormalUsage, RawUsage } from "../../src/usage/usage.ts";

const pricesOf = (price: ModelPrice): UnitPrices => unitPricesOf(price);
const usageOf = (counts: Partial<RawUsage>): NormalUsage =>
  normaliseUsage({ ...createRawUsage(), ...counts }, createNormalUsage());

/** Both functions, which must agree. */
function cost(counts: Partial<RawUsage>, price: ModelPrice): bigint | undefined {
  const usage = usageOf(counts);
  const prices = pricesOf(price);
  const exact = priceCall(usage, prices);
  expect(priceCallNumber(usage, prices)).toBe(exact === undefined ? undefined : Number(exact));
  return exact;
}

const CHAT = { input_mtok: 3, output_mtok: 15 };
const TIERED = {
  input_mtok: { base: 3, tiers: [{ start: 200_000, price: 6 }] },
  output_mtok: { base: 15, tiers: [{ start: 200_000, price: 22.5 }] },
};

describe("the price of a call", () => {
  it("of 10 tokens at $0.02 per million is 200 nano-USD", () => {
    expect(cost({ input: 10 }, { input_mtok: 0.02 })).toBe(200n);
  });

  it("is rounded half up once, at the end", () => {
    // 1 token at $0.0002 per million is 0.2 nano-USD; every part alone would round to 0.
    const price = { input_mtok: 0.0002, output_mtok: 0.0003 };
    expect(cost({ input: 1, output: 1 }, price)).toBe(1n);
    expect(cost({ input: 2, output: 0 }, price)).toBe(0n);
    expect(cost({ input: 499, output: 0 }, { input_mtok: 0.001 })).toBe(499n);
    expect(cost({ input: 5, output: 0 }, { input_mtok: 0.0001 })).toBe(1n);
    expect(cost({ input: 4, output: 0 }, { input_mtok: 0.0001 })).toBe(0n);
  });

  it("takes each part at its own price", () => {
    const price = {
      input_mtok: 1,
      cache_read_mtok: 0.1,
      cache_write_mtok: 1.25,
      cache_write_1h_mtok: 2,
      input_audio_mtok: 4,
      input_image_mtok: 5,
      output_mtok: 10,
      output_reasoning_mtok: 20,
      output_audio_mtok: 40,
    };
    expect(
      cost(
        {
          input: 1_111_111,
          cacheRead: 1,
          cacheWrite5m: 10,
          cacheWrite1h: 100,
          audioInput: 1_000,
          imageInput: 10_000,
          output: 111,
          reasoning: 1,
          audioOutput: 10,
        },
        price,
      ),
    ).toBe(
      1_100_000n * 1_000n +
        1n * 100n +
        10n * 1_250n +
        100n * 2_000n +
        1_000n * 4_000n +
        10_000n * 5_000n +
        100n * 10_000n +
        1n * 20_000n +
        10n * 40_000n,
    );
  });

  it("takes a part without a price of its own at the price of what it is a part of", () => {
    const counts = { input: 100, output: 50 };
    const parts = { cacheRead: 10, cacheWrite1h: 20, audioInput: 30, imageInput: 5 };
    expect(cost({ ...counts, ...parts, reasoning: 7, audioOutput: 9 }, CHAT)).toBe(
      cost(counts, CHAT),
    );
    const write = { ...CHAT, cache_write_mtok: 3.75 };
    expect(cost({ input: 10, output: 0, cacheWrite1h: 10 }, write)).toBe(37_500n);
  });

  it("adds the fee per request once, and that per search for each", () => {
    const price = { ...CHAT, requests_kcount: 14, web_searches_kcount: 10 };
    expect(cost({ input: 1, output: 0 }, price)).toBe(14_000_000n + 3_000n);
    expect(cost({ input: 1, output: 0, webSearches: 3 }, price)).toBe(44_000_000n + 3_000n);
  });

  it("has no fee for what the counts do not hold", () => {
    expect(pricesOf({ ...CHAT, storage_searches_kcount: 2.5 }).fees).toEqual({
      storage_searches: 2_500_000_000,
    });
  });

  it("takes images at their own price, and at that of text when they have none", () => {
    const counts = { input: 0, output: 100, imageOutput: 60 };
    expect(cost(counts, { ...CHAT, output_image_mtok: 30 })).toBe(40n * 15_000n + 60n * 30_000n);
    expect(cost(counts, CHAT)).toBe(100n * 15_000n);
    expect(cost({ ...counts, imageOutput: 100 }, { input_mtok: 3, output_image_mtok: 30 })).toBe(
      100n * 30_000n,
    );
  });
});

describe("tiers", () => {
  it.each([
    [199_999, 599_997_000n],
    [200_000, 600_000_000n],
    [200_001, 1_200_006_000n],
  ])("price a whole call of %d input tokens at %d nano-USD", (input, expected) => {
    expect(cost({ input, output: 0 }, TIERED)).toBe(expected);
  });

  it("are chosen by all input tokens, and price the output too", () => {
    const counts = { input: 1, cacheRead: 200_000, inputConvention: "exclusive" as const };
    expect(cost({ ...counts, output: 10 }, TIERED)).toBe(200_001n * 6_000n + 10n * 22_500n);
  });

  it("apply in rising order however the book lists them, each part by its own", () => {
    const prices = pricesOf({
      input_mtok: {
        base: 1,
        tiers: [
          { start: 300, price: 3 },
          { start: 100, price: 2 },
        ],
      },
      output_mtok: { base: 10, tiers: [{ start: 200, price: 20 }] },
    });
    const at = (input: number): (number | undefined)[] => {
      const tier = tierOf(usageOf({ input }), prices);
      return [tier.input, tier.output].map((pico) => (pico ?? 0) / 1_000_000);
    };
    expect(at(100)).toEqual([1, 10]);
    expect(at(101)).toEqual([2, 10]);
    expect(at(201)).toEqual([2, 20]);
    expect(at(301)).toEqual([3, 20]);
  });
});

describe("an unknown cost", () => {
  it("comes from missing usage", () => {
    expect(cost({}, CHAT)).toBeUndefined();
    expect(cost({ cacheRead: 5 }, CHAT)).toBeUndefined();
  });

  it("comes from one missing direction that would cost something", () => {
    expect(cost({ input: 5 }, CHAT)).toBeUndefined();
    expect(cost({ output: 5 }, CHAT)).toBeUndefined();
    expect(cost({ input: 5 }, { input_mtok: 3, output_mtok: 0 })).toBe(15_000n);
  });

  it("does not come from a direction that the model does not have (embeddings)", () => {
    expect(cost({ input: 5 }, { input_mtok: 3 })).toBe(15_000n);
    expect(cost({ input: 5, output: 0 }, { input_mtok: 3 })).toBe(15_000n);
  });

  it("comes from tokens in a direction without a price", () => {
    expect(cost({ input: 5, output: 1 }, { input_mtok: 3 })).toBeUndefined();
    expect(cost({ input: 1, output: 5 }, { output_mtok: 3 })).toBeUndefined();
    expect(cost({ input: 0, output: 5 }, { output_mtok: 3 })).toBe(15_000n);
  });

  it("comes from a model that is sold by the hour or the page", () => {
    const byTheHour = { audio_hours: 0.36, input_audio_hours: 0.36 };
    expect(cost({ input: 0, output: 0 }, byTheHour)).toBeUndefined();
    expect(cost({ input: 5, output: 5 }, byTheHour)).toBeUndefined();
    expect(pricesOf(byTheHour).uncounted).toEqual(["audio_hours", "input_audio_hours"]);
  });

  it.each(["output_image_mtok", "output_video_mtok"])(
    "comes from output that may have the price %s",
    (key) => {
      const price = { input_mtok: 0.3, output_mtok: 2.5, [key]: 30 };
      expect(cost({ input: 10, output: 1_290 }, price)).toBeUndefined();
      expect(cost({ input: 10 }, price)).toBeUndefined();
      expect(cost({ input: 10, output: 0 }, price)).toBe(3_000n);
    },
  );

  it("comes from text beside images when only images have a price", () => {
    const price = { input_mtok: 3, output_image_mtok: 30 };
    expect(cost({ input: 0, output: 100, imageOutput: 99 }, price)).toBeUndefined();
  });

  it("comes from searches without a price, and not from none", () => {
    expect(cost({ input: 1, output: 0, webSearches: 1 }, CHAT)).toBeUndefined();
    expect(cost({ input: 1, output: 0, webSearches: 0 }, CHAT)).toBe(3_000n);
  });

  it("is not a cost of zero: a model free of charge costs 0, and reported zeros cost 0", () => {
    expect(cost({ input: 5, output: 5 }, {})).toBe(0n);
    expect(cost({ input: 5 }, {})).toBe(0n);
    expect(cost({}, {})).toBeUndefined();
    expect(cost({ input: 0, output: 0 }, CHAT)).toBe(0n);
  });

  it("comes from a count that would cost more than nine million dollars", () => {
    const perToken = { input_mtok: 1_000_000, output_mtok: 0 };
    const limit = MAX_CALL_COST_NANO_USD / 1_000_000_000n;
    expect(cost({ input: Number(limit), output: 0 }, perToken)).toBe(limit * 1_000_000_000n);
    expect(cost({ input: Number(limit) + 1, output: 0 }, perToken)).toBeUndefined();
    expect(cost({ input: Number.MAX_SAFE_INTEGER, output: 0 }, perToken)).toBeUndefined();
  });
});

describe("a broken book", () => {
  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 1e10])("is refused for price %d", (price) => {
    expect(() => pricesOf({ input_mtok: price })).toThrow(RangeError);
  });
});

const anyPrice = fc.oneof(
  fc.constantFrom(0, 0.002, 0.075, 0.003625, 1.25, 75, 600),
  fc.nat(9_999_999).map((micro) => micro / 1_000_000),
);
const anyTiered = fc.oneof(
  { weight: 4, arbitrary: anyPrice },
  {
    weight: 1,
    arbitrary: fc.record({
      base: anyPrice,
      tiers: fc.array(fc.record({ start: fc.nat(300_000), price: anyPrice }), { maxLength: 3 }),
    }),
  },
);
const anyModelPrice: fc.Arbitrary<ModelPrice> = fc.record(
  {
    input_mtok: anyTiered,
    output_mtok: anyTiered,
    cache_read_mtok: anyTiered,
    cache_write_mtok: anyTiered,
    cache_write_1h_mtok: anyTiered,
    input_audio_mtok: anyPrice,
    input_image_mtok: anyPrice,
    output_reasoning_mtok: anyPrice,
    output_audio_mtok: anyPrice,
    output_image_mtok: anyPrice,
    requests_kcount: anyPrice,
    web_searches_kcount: anyPrice,
  },
  { requiredKeys: [] },
);
const anyCount = fc.oneof(
  { weight: 1, arbitrary: fc.constant(undefined) },
  { weight: 5, arbitrary: fc.nat(500_000) },
  { weight: 1, arbitrary: fc.maxSafeNat() },
);
const anyUsage = fc
  .record({
    input: anyCount,
    output: anyCount,
    cacheRead: anyCount,
    cacheWrite5m: anyCount,
    cacheWrite1h: anyCount,
    reasoning: anyCount,
    audioInput: anyCount,
    audioOutput: anyCount,
    imageInput: anyCount,
    imageOutput: anyCount,
    webSearches: fc.option(fc.nat(20), { nil: undefined }),
  })
  .map(usageOf);

describe("priceCallNumber", () => {
  it("equals priceCall for every usage and price, beyond the exact doubles too", () => {
    fc.assert(
      fc.property(anyUsage, anyModelPrice, (usage, price) => {
        const prices = pricesOf(price);
        const exact = priceCall(usage, prices);
        expect(priceCallNumber(usage, prices)).toBe(
          exact === undefined ? undefined : Number(exact),
        );
      }),
      { numRuns: 5_000 },
    );
  });

  it("equals priceCall around the largest sum that doubles add exactly", () => {
    const prices = pricesOf({ input_mtok: 10, output_mtok: 0.000001 });
    const input = Math.floor(Number.MAX_SAFE_INTEGER / 10_000_000);
    const rest = Number.MAX_SAFE_INTEGER - input * 10_000_000;
    fc.assert(
      fc.property(fc.integer({ min: -3_000, max: 3_000 }), (offset) => {
        const usage = usageOf({ input, output: rest + offset });
        expect(BigInt(priceCallNumber(usage, prices) ?? -1)).toBe(priceCall(usage, prices));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the lines of a cost", () => {
  it("say part x unit price, without the parts that are not there", () => {
    const usage = usageOf({
      input: 1_000,
      cacheRead: 200,
      output: 50,
      reasoning: 50,
      webSearches: 2,
    });
    const price = { ...CHAT, cache_read_mtok: 0.3, web_searches_kcount: 10, requests_kcount: 5 };
    expect(costLines(usage, pricesOf(price))).toEqual([
      { part: "input_uncached", quantity: 800, picoUsdEach: 3_000_000 },
      { part: "cache_read", quantity: 200, picoUsdEach: 300_000 },
      { part: "reasoning", quantity: 50, picoUsdEach: 15_000_000 },
      { part: "web_search", quantity: 2, picoUsdEach: 10_000_000_000 },
      { part: "request", quantity: 1, picoUsdEach: 5_000_000_000 },
    ]);
  });

  it("add up to the cost", () => {
    fc.assert(
      fc.property(anyUsage, anyModelPrice, (usage, price) => {
        const prices = pricesOf(price);
        const exact = priceCall(usage, prices);
        fc.pre(exact !== undefined);
        const lines = costLines(usage, prices);
        expect(lines.every((line) => line.picoUsdEach !== undefined)).toBe(true);
        const pico = lines.reduce(
          (sum, { quantity, picoUsdEach = 0 }) => sum + BigInt(quantity) * BigInt(picoUsdEach),
          0n,
        );
        expect(divideHalfUp(pico, 1000n)).toBe(exact);
      }),
    );
  });
});

describe("priceCall", () => {
  it("never falls when a count grows, within a tier", () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(100_000), fc.nat(99_999), (input, output, more) => {
        const before = cost({ input, output }, TIERED) ?? -1n;
        expect((cost({ input, output: output + more }, TIERED) ?? -1n) >= before).toBe(true);
        expect((cost({ input: input + more, output }, TIERED) ?? -1n) >= before).toBe(true);
      }),
    );
  });
});
