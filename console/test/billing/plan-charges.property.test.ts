import * as fc from "fast-check";
import { expect, test } from "vitest";
import { planCharges, type ChargedDay, type DayFigures } from "#lib/server/billing/plan-charges.ts";

const DAYS = ["2026-11-01", "2026-11-02", "2026-11-03"];
const TENANTS = ["acme", "globex", "initech"];

const figures = fc
  .uniqueArray(
    fc.record({
      tenant: fc.constantFrom(...TENANTS),
      day: fc.constantFrom(...DAYS),
      calls: fc.integer({ min: 1, max: 1000 }),
      unpricedCalls: fc.integer({ min: 0, max: 5 }),
      costNanoUsd: fc.bigInt({ min: 0n, max: 10n ** 15n }),
      estimatedNanoUsd: fc.bigInt({ min: 0n, max: 1000n }),
    }),
    { selector: ({ tenant, day }) => `${tenant} ${day}` },
  )
  .map((days): DayFigures[] => days);

/** What is seen at one look: what the lake has, who pays, and the markup of new days. */
const look = fc.record({
  figures,
  payers: fc.subarray(TENANTS),
  markupBasisPoints: fc.integer({ min: 0, max: 50_000 }),
});

const keyOf = ({ tenant, day }: DayFigures): string => `${tenant} ${day}`;

/** What the console keeps between looks. */
class Books {
  readonly charged = new Map<string, ChargedDay>();
  readonly metered = new Map<string, bigint>();

  take(seen: { figures: DayFigures[]; payers: string[]; markupBasisPoints: number }): number {
    const changes = planCharges({
      figures: seen.figures,
      knownDays: new Set(seen.figures.map(({ day }) => day)),
      charged: [...this.charged.values()],
      customers: new Map(seen.payers.map((tenant) => [tenant, `cus_${tenant}`])),
      markupBasisPoints: seen.markupBasisPoints,
    });
    for (const { charge, valueMicroUsd } of changes) {
      this.charged.set(keyOf(charge), charge);
      const before = this.metered.get(keyOf(charge)) ?? 0n;
      this.metered.set(keyOf(charge), before + valueMicroUsd);
    }
    return changes.length;
  }
}

test("however often and in whatever order days are seen, what was metered is what the last look comes to", () => {
  fc.assert(
    fc.property(fc.array(look, { minLength: 1, maxLength: 6 }), (looks) => {
      const books = new Books();
      for (const seen of looks) books.take(seen);
      const last = looks.at(-1) as (typeof looks)[number];
      expect(books.take(last), "a second look finds nothing to do").toBe(0);
      for (const [key, charge] of books.charged) {
        expect(books.metered.get(key)).toBe(charge.amountMicroUsd);
        const exact = charge.costNanoUsd * BigInt(10_000 + charge.markupBasisPoints);
        const off = charge.amountMicroUsd * 10_000_000n - exact;
        // Half a micro-USD, and half a nano-USD of the markup.
        expect(off <= 5_005_000n && off >= -5_005_000n).toBe(true);
      }
      const payable = last.figures.filter(
        (day) => last.payers.includes(day.tenant) || books.charged.has(keyOf(day)),
      );
      for (const figure of payable) expect(books.charged.get(keyOf(figure))).toMatchObject(figure);
    }),
  );
});

const CALLS: DayFigures = {
  tenant: "acme",
  day: "2026-11-01",
  calls: 10,
  unpricedCalls: 0,
  costNanoUsd: 1_000_000_000n,
  estimatedNanoUsd: 0n,
};
const LOOK = { payers: ["acme"], markupBasisPoints: 2000 };

test("a day keeps the markup under which it was charged first", () => {
  const books = new Books();
  books.take({ ...LOOK, figures: [CALLS] });
  books.take({
    ...LOOK,
    markupBasisPoints: 0,
    figures: [{ ...CALLS, costNanoUsd: 2_000_000_000n }],
  });
  expect(books.metered.get(keyOf(CALLS))).toBe(2_400_000n);
});

test("calls that turned out to be none are taken back, unless nothing at all is known of the day", () => {
  const books = new Books();
  books.take({ ...LOOK, figures: [CALLS] });
  books.take({ ...LOOK, figures: [] });
  expect(books.metered.get(keyOf(CALLS)), "a lake that was lost").toBe(1_200_000n);
  books.take({ ...LOOK, figures: [{ ...CALLS, tenant: "globex" }] });
  expect(books.metered.get(keyOf(CALLS))).toBe(0n);
});

test("a tenant without a customer is charged nothing, and everything once it has one", () => {
  const books = new Books();
  books.take({ ...LOOK, payers: [], figures: [CALLS] });
  expect(books.charged.size).toBe(0);
  books.take({ ...LOOK, figures: [CALLS] });
  expect(books.metered.get(keyOf(CALLS))).toBe(1_200_000n);
});
