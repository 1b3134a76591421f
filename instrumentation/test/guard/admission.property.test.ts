import * as fc from "fast-check";
import { expect, test } from "vitest";
import { admit, incur, settle, topUp } from "../../src/guard/admission.ts";
import type { Budget } from "../../src/guard/budget.ts";
import { Hold } from "../../src/guard/hold.ts";
import { LocalLeases } from "../../src/guard/local-leases.ts";
import { PolicyBook } from "../../src/guard/policy-index.ts";
import type { ScopeValues } from "@lensai/otel-config/control/scope-index";
import { IN_THE_MONTH_MS, budgetTerms, policyWith } from "../support/policies.ts";

const LIMIT = 10_000;
const BUDGETS = [
  budgetTerms({ id: "all", limitNanoUsd: String(LIMIT) }),
  budgetTerms({ id: "user", each: "user", limitNanoUsd: String(LIMIT / 4) }),
  budgetTerms({
    id: "model",
    scope: { model: "gpt-*" },
    limitNanoUsd: String(LIMIT / 2),
    unknownPrice: "allow",
  }),
  budgetTerms({ id: "seen", mode: "observe", limitNanoUsd: "1" }),
];

type Step =
  | { kind: "call"; cost: number | undefined; user: string; model: string }
  | { kind: "more"; call: number; amount: number }
  | { kind: "end"; call: number; share: number }
  | { kind: "lost"; call: number };

const cost = fc.integer({ min: 0, max: 3_000 });
const place = fc.nat(20);
/** Retries are calls of their own; n>1 is a larger one. */
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("call" as const),
      cost: fc.option(cost, { nil: undefined, freq: 8 }),
      user: fc.constantFrom("ann", "bob"),
      model: fc.constantFrom("gpt-4o", "claude"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("more" as const), call: place, amount: cost }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("end" as const),
      call: place,
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lost" as const), call: place }) },
);

/** Runs the steps; a call costs at most what it holds, times `overrun`. Answers with what went beyond holdings. */
function run(
  all: readonly Step[],
  overrun: number,
  check: (budgets: readonly Budget[], beyond: number) => void,
): void {
  const leases = new LocalLeases();
  const index = new PolicyBook(leases).index(policyWith({ budgets: BUDGETS }));
  const found: Budget[] = [];
  index.budgets.match({ model: "gpt-4o", user: "ann" }, found);
  const live: Hold[] = [];
  let beyond = 0;
  for (const step of all) {
    if (step.kind === "call") {
      const hold = new Hold();
      const values: ScopeValues = { user: step.user, model: step.model };
      const incurred = { incurredNano: 20, incurredNanoAtMost: 30 };
      const estimate = { amountNano: step.cost, ...incurred, familyMaxNano: () => 500 };
      const decision = admit(index, { values, estimate, nowMs: IN_THE_MONTH_MS }, hold);
      if (decision === "allowed") live.push(hold);
    } else {
      const hold = live[step.call % Math.max(1, live.length)];
      if (hold === undefined) continue;
      if (step.kind === "more") {
        if (topUp(hold, step.amount, IN_THE_MONTH_MS)) incur(hold, step.amount);
      } else {
        live.splice(live.indexOf(hold), 1);
        const held = Math.max(
          ...hold.charges.slice(0, hold.count).map((charge) => charge.amountNano),
        );
        const spent = step.kind === "lost" ? undefined : Math.floor(held * step.share * overrun);
        beyond += Math.max(0, (spent ?? 0) - held);
        settle(hold, spent);
      }
    }
    check(found, beyond);
  }
}

test("whatever calls do, never more is spent and held than the limit, and what they cost beyond their estimates", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 80 }), fc.constantFrom(1, 1, 3), (all, overrun) => {
      run(all, overrun, (budgets, beyond) => {
        for (const budget of budgets.filter(({ mode }) => mode === "enforce")) {
          const limit = Number(budget.terms.limitNanoUsd);
          for (const { figures } of budget.accounts) {
            const { spentNano, reservedNano } = figures;
            expect(spentNano + reservedNano).toBeLessThanOrEqual(limit + beyond);
          }
        }
      });
    }),
    { numRuns: 400 },
  );
});

test("what a lease brought is available, held or spent, at every moment", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 80 }), fc.constantFrom(1, 3), (all, overrun) => {
      run(all, overrun, (budgets) => {
        for (const budget of budgets) {
          for (const { availableNano, figures, leaseId } of budget.accounts) {
            const { incurredNano, reservedNano, spentNano } = figures;
            expect(incurredNano).toBeGreaterThanOrEqual(0);
            expect(incurredNano).toBeLessThanOrEqual(reservedNano);
            // No lease is asked for before a call costs something.
            const brought = leaseId === "" ? 0 : Number(budget.terms.limitNanoUsd);
            expect(availableNano + reservedNano + spentNano).toBe(brought);
          }
        }
      });
    }),
    { numRuns: 400 },
  );
});
