import { assert as assertProperty, bigInt, integer, property, tuple } from "fast-check";
import { expect, test } from "vitest";
import { spendEffects } from "#lib/spend-effects.ts";

const side = (pricedCalls: number, costNanoUsd: bigint | undefined) => ({
  calls: pricedCalls,
  pricedCalls,
  unpricedCalls: 0,
  costNanoUsd,
});

test.each([
  {
    what: "more calls at the same cost",
    before: side(10, 100n),
    now: side(15, 150n),
    parts: [50n, 0n],
  },
  { what: "as many, dearer calls", before: side(10, 100n), now: side(10, 130n), parts: [0n, 30n] },
  {
    what: "twice as many at half the cost",
    before: side(10, 100n),
    now: side(20, 100n),
    parts: [100n, -100n],
  },
  { what: "fewer, dearer calls", before: side(10, 100n), now: side(5, 80n), parts: [-50n, 30n] },
  { what: "what is new", before: side(0, 0n), now: side(4, 40n), parts: [40n, 0n] },
  { what: "what is gone", before: side(4, 40n), now: side(0, 0n), parts: [-40n, 0n] },
  { what: "what cost nothing before", before: side(4, 0n), now: side(8, 40n), parts: [0n, 40n] },
])("tells $what apart", ({ before, now, parts }) => {
  const [byCallsNanoUsd, perCallNanoUsd] = parts;
  expect(spendEffects({ before, now })?.parts).toEqual({ byCallsNanoUsd, perCallNanoUsd });
});

test("both parts come to the change, whatever the numbers are", () => {
  const sides = tuple(integer({ min: 1, max: 1e9 }), bigInt({ min: 0n, max: 10n ** 18n }));
  assertProperty(
    property(sides, sides, (before, now) => {
      const effects = spendEffects({ before: side(...before), now: side(...now) });
      const { byCallsNanoUsd = 0n, perCallNanoUsd = 0n } = effects?.parts ?? {};
      expect(byCallsNanoUsd + perCallNanoUsd).toBe(now[1] - before[1]);
      expect(effects?.changeNanoUsd).toBe(now[1] - before[1]);
    }),
  );
});

test("a change of an unknown cost is unknown, and one of metrics has no parts", () => {
  expect(spendEffects({ before: side(1, undefined), now: side(1, 5n) })).toBeUndefined();
  expect(spendEffects({ before: side(1, 5n), now: side(1, undefined) })).toBeUndefined();
  expect(spendEffects({ before: side(0, 5n), now: side(0, 9n) })).toEqual({
    changeNanoUsd: 4n,
    parts: undefined,
  });
});
